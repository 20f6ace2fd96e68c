#include "upstream/login_handshake.hpp"

#include <utility>

#include "upstream/mysql_handshake.hpp"
#include "upstream/pg_handshake.hpp"

namespace rolegate::upstream {
namespace {

wire::pg::ClientLogin::Settings settings(const PgWish& wish, login::Login& login) {
  return {.user = login.user,
          .password = std::move(login.password),
          .database = wish.database.empty() ? login.db_name : wish.database,
          .parameters = wish.parameters,
          .is_token = login.kind == config::Kind::aurora_postgresql};
}

wire::mysql::ClientLogin::Settings settings(const MysqlWish& wish, login::Login& login) {
  using Methods = wire::mysql::ClientLogin::Methods;
  return {.user = login.user,
          .password = std::move(login.password),
          .schema = wish.schema.empty() ? login.db_name : wish.schema,
          .methods = login.kind == config::Kind::password ? Methods::password : Methods::iam,
          .capabilities = wish.capabilities,
          .max_packet_size = wish.max_packet_size,
          .character_set = wish.character_set,
          .attributes = wish.attributes,
          .greeting_only = false};
}

}  // namespace

std::unique_ptr<LoginHandshake> make_login_handshake(const Wish& wish, login::Login& login,
                                                     base::Random& random) {
  if (const auto* const mysql = std::get_if<MysqlWish>(&wish.session)) {
    return std::make_unique<MysqlHandshake>(settings(*mysql, login), mysql->schema);
  }
  const auto& pg = std::get<PgWish>(wish.session);
  return std::make_unique<PgHandshake>(settings(pg, login), pg.database, random);
}

}  // namespace rolegate::upstream
