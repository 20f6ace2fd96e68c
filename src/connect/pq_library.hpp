#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/error.hpp"

struct pg_conn;  // libpq's PGconn

namespace rolegate::connect {

/// Opens libpq, if that has not been done yet; thread-safe. Until this has succeeded, no PQ… function may be
/// called: whoever has a PGconn from this module is past that.
///
/// Why libpq is not linked: it depends on Kerberos and LDAP, and loading all that costs a process 3 ms (of
/// the 10 ms that a whole `rolegate token` may take, which needs no database client at all). Elsewhere the
/// linker does this ("delay loading"); ELF has no such thing, so pq_library.cpp defines the functions that
/// this program uses under their own names, typed by libpq's own header, and passes each call on. It is the
/// same libpq.so.5 that a host program links, so a PGconn may be handed to it.
[[nodiscard]] base::Result<void> load_pq_library();

/// What libpq will read next from a connection that is inside TLS, as much as lies at hand and fits into
/// `room`; it stays there. Empty: nothing has come yet. Nothing: nothing will come any more.
[[nodiscard]] std::optional<std::string_view> peek_in_tls(pg_conn* connection, std::span<char> room);

}  // namespace rolegate::connect
