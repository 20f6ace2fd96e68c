#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "config/database_map.hpp"
#include "wire/mysql/packets.hpp"
#include "wire/pg/messages.hpp"

namespace rolegate::upstream {

/// What a PostgreSQL client's StartupMessage asks for, its user apart.
struct PgWish {
  std::string database;  ///< empty: the one of the configuration
  wire::pg::Parameters parameters;
  bool operator==(const PgWish&) const = default;
};

/// What a MySQL client's HandshakeResponse41 asks for, its user apart.
struct MysqlWish {
  std::string schema;                          ///< empty: the one of the configuration
  wire::mysql::Capabilities capabilities = 0;  ///< agreed with the client: see relayed()
  std::uint32_t max_packet_size = 1 << 24;
  std::uint16_t character_set = 45;  ///< see HandshakeResponse
  std::string attributes;            ///< CLIENT_CONNECT_ATTRS, encoded
  bool operator==(const MysqlWish&) const = default;
};

/// What is wanted of a database: a session that was opened for one wish serves any equal one. A database
/// whose configuration has changed is another object, and the wish another wish.
struct Wish {
  config::DatabasePtr database;  ///< never null
  std::variant<PgWish, MysqlWish> session;
  bool operator==(const Wish&) const = default;
};

/// For containers: equal wishes have equal hashes.
[[nodiscard]] std::size_t hash_value(const Wish& wish);

}  // namespace rolegate::upstream
