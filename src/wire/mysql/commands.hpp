#pragma once

#include <cstddef>
#include <cstdint>

namespace rolegate::wire::mysql {

/// What the first byte of a command says.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/my__command_8h.html and
/// https://mariadb.com/kb/en/2-text-protocol/
enum Command : std::uint8_t {
  kComSleep = 0x00,
  kComQuit = 0x01,
  kComInitDb = 0x02,
  kComQuery = 0x03,
  kComFieldList = 0x04,
  kComCreateDb = 0x05,
  kComDropDb = 0x06,
  kComRefresh = 0x07,
  kComShutdown = 0x08,
  kComStatistics = 0x09,
  kComProcessInfo = 0x0A,
  kComProcessKill = 0x0C,
  kComDebug = 0x0D,
  kComPing = 0x0E,
  kComChangeUser = 0x11,
  kComStmtPrepare = 0x16,
  kComStmtExecute = 0x17,
  kComStmtSendLongData = 0x18,
  kComStmtClose = 0x19,
  kComStmtReset = 0x1A,
  kComSetOption = 0x1B,
  kComStmtFetch = 0x1C,
  kComResetConnection = 0x1F,
  kComStmtBulkExecute = 0xFA,  // MariaDB
};

/// COM_PROCESS_KILL and the id of a connection.
inline constexpr std::size_t kProcessKillPayload = 5;

}  // namespace rolegate::wire::mysql
