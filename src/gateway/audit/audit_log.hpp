#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "gateway/stats.hpp"
#include "login/steps.hpp"

namespace rolegate::gateway {

/// One line of the audit log. Never a secret, never a query. Empty texts and unset numbers are left out of
/// the line.
struct AuditRecord {
  enum class Event { open, fail, close };
  Event event = Event::open;
  base::WallTime time;
  std::string
      session;  ///< id: 16 hexadecimal digits, unique in this process and unlikely to repeat elsewhere
  std::string listener;                     ///< the address the client connected to
  std::string client_address;               ///< "192.0.2.7:51234"; empty on a unix socket
  std::optional<std::uint32_t> client_uid;  ///< on a unix socket
  std::string client_group;                 ///< its address (IPv6: its /64), or its uid; not in the line
  std::string client_tls;                   ///< "TLSv1.3 TLS_AES_256_GCM_SHA384"
  std::string user;                         ///< of the gateway, as the client gave it
  bool user_is_known = false;               ///< that user is configured; not in the line
  std::string
      authentication;  ///< how it proved it: "scram-sha-256", "caching_sha2_password", "peer", "certificate"
  std::string database;  ///< database_name
  std::string engine;
  std::string upstream;       ///< host:port of the endpoint
  std::string upstream_dial;  ///< address:port it really went to
  std::string upstream_user;
  std::string upstream_tls;
  std::string role_arn;
  std::string request_id;  ///< AWS's
  std::vector<login::Step> steps;
  std::optional<std::uint64_t> bytes_to_client;
  std::optional<std::uint64_t> bytes_to_database;
  std::optional<std::chrono::milliseconds> duration;
  std::string reason;       ///< why it failed or ended: a code, "client_closed", "idle_timeout", "drained" …
  std::string message;      ///< the error's sentence
  std::uint64_t count = 0;  ///< of failures that the line sums up; `time` is that of the last one …
  base::WallTime first_time{};  ///< … and this that of the first
};

/// The line, a JSON object without its line end. All texts are made valid UTF-8 and cut at 1,024 bytes (a
/// client chooses its user name); no control character is in it as such, so that a terminal may show it.
[[nodiscard]] std::string audit_line(const AuditRecord& record);

enum class AuditErrc { audit_log_unusable };
[[nodiscard]] std::string_view code_name(AuditErrc code);

/// Writes lines to a file or to standard output from a thread of its own, so that a disk that stalls delays
/// no session. Failures that repeat are summed up (AuditFolding). At most 16,384 lines (and 32 MiB) wait;
/// what does not fit or cannot be written (a full disk) is counted (Stats::audit_lines_lost) and said in the
/// log, once until it works again. Destroying it gives what still waits half a second; call flush first to
/// give it more. Thread-safe.
class AuditLog {
 public:
  virtual ~AuditLog() = default;
  virtual void write(const AuditRecord& record) = 0;
  /// Opens the file of that name again (after a rotation, or because the configuration names another); lines
  /// that still wait go there, the sums of failures so far too. The error, audit_log_unusable, leaves things
  /// as they were.
  [[nodiscard]] virtual base::Result<void> reopen(const std::string& path) = 0;
  /// Waits until everything that was written so far, sums included, is out (or counted as lost), within the
  /// bound. False: it is not.
  virtual bool flush(std::chrono::milliseconds bound) = 0;
  /// False: lines are being lost. True again once one got out and none waits, or reopen has opened another
  /// file.
  [[nodiscard]] virtual bool works() const = 0;
};

/// `path` empty: standard output. The file is opened for appending, created 0600. The referents outlive the
/// log.
[[nodiscard]] base::Result<std::unique_ptr<AuditLog>> open_audit_log(const std::string& path, Stats& stats,
                                                                     base::Log& log);

}  // namespace rolegate::gateway
