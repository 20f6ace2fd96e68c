#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <openssl/types.h>

#include "base/call_pool.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "gateway/audit/audit_log.hpp"
#include "gateway/cancel_keys.hpp"
#include "gateway/cancel_turns.hpp"
#include "gateway/desks.hpp"
#include "gateway/fast_passwords.hpp"
#include "gateway/limits.hpp"
#include "gateway/mysql_connections.hpp"
#include "gateway/mysql_greetings.hpp"
#include "gateway/stats.hpp"
#include "gateway/user_sessions.hpp"

namespace rolegate::gateway {

/// What the sessions of MySQL clients stand on beyond the rest.
struct MysqlServices {
  MysqlGreetings& greetings;
  MysqlConnections& connections;
  FastPasswords& fast_passwords;
  std::atomic<EVP_PKEY*> rsa_key;  ///< null: nobody listens for MySQL over TCP without TLS
};

/// What all sessions stand on. Everything in it is thread-safe, and outlives them.
struct SessionServices {
  base::CallPool& pool;  ///< where passwords are compared
  const base::Clock& clock;
  base::Random& random;
  base::Log& log;
  AuditLog& audit;
  Stats& stats;
  Desks& desks;
  FailureSlowdown& slowdown;
  OnceAMinute& descriptor_warning;  ///< that there are too few
  OnceAMinute& cancel_warning;      ///< that one could not be passed on
  OnceAMinute& held_warning;        ///< that logins of an address wait
  CancelKeys& cancel_keys;
  CancelTurns& cancel_turns;
  MysqlServices& mysql;
  UserSessions& user_sessions;
  std::uint32_t own_uid;
  std::atomic<std::size_t>& logged_in;  ///< sessions beyond their authentication
  const std::atomic<bool>& draining;    ///< no new sessions: only cancels and kills are heard
};

}  // namespace rolegate::gateway
