#pragma once

#include <string>

#include "wire/mysql/packets.hpp"

namespace rolegate::wire::mysql {

/// Capability flags, by their protocol names without CLIENT_.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html
/// https://mariadb.com/kb/en/connection/#capabilities
inline constexpr Capabilities kLongPassword = 1ULL
                                              << 0;  ///< in MariaDB's terms CLIENT_MYSQL: no extended ones
inline constexpr Capabilities kFoundRows = 1ULL << 1;
inline constexpr Capabilities kLongFlag = 1ULL << 2;
inline constexpr Capabilities kConnectWithDb = 1ULL << 3;
inline constexpr Capabilities kNoSchema = 1ULL << 4;
inline constexpr Capabilities kCompress = 1ULL << 5;
inline constexpr Capabilities kOdbc = 1ULL << 6;
inline constexpr Capabilities kLocalFiles = 1ULL << 7;
inline constexpr Capabilities kIgnoreSpace = 1ULL << 8;
inline constexpr Capabilities kProtocol41 = 1ULL << 9;
inline constexpr Capabilities kInteractive = 1ULL << 10;
inline constexpr Capabilities kSsl = 1ULL << 11;
inline constexpr Capabilities kIgnoreSigpipe = 1ULL << 12;
inline constexpr Capabilities kTransactions = 1ULL << 13;
inline constexpr Capabilities kReserved = 1ULL << 14;
inline constexpr Capabilities kSecureConnection = 1ULL << 15;
inline constexpr Capabilities kMultiStatements = 1ULL << 16;
inline constexpr Capabilities kMultiResults = 1ULL << 17;
inline constexpr Capabilities kPsMultiResults = 1ULL << 18;
inline constexpr Capabilities kPluginAuth = 1ULL << 19;
inline constexpr Capabilities kConnectAttrs = 1ULL << 20;
inline constexpr Capabilities kPluginAuthLenencClientData = 1ULL << 21;
inline constexpr Capabilities kCanHandleExpiredPasswords = 1ULL << 22;
inline constexpr Capabilities kSessionTrack = 1ULL << 23;
inline constexpr Capabilities kDeprecateEof = 1ULL << 24;
inline constexpr Capabilities kOptionalResultsetMetadata = 1ULL << 25;
inline constexpr Capabilities kZstdCompression = 1ULL << 26;
inline constexpr Capabilities kQueryAttributes = 1ULL << 27;
inline constexpr Capabilities kMultiFactorAuthentication = 1ULL << 28;
inline constexpr Capabilities kProgressObsolete = 1ULL << 29;  ///< MariaDB; in MySQL CAPABILITY_EXTENSION
inline constexpr Capabilities kSslVerifyServerCert = 1ULL << 30;
inline constexpr Capabilities kRememberOptions = 1ULL << 31;
inline constexpr Capabilities kMariaDbProgress = 1ULL << 32;
inline constexpr Capabilities kMariaDbComMulti = 1ULL << 33;
inline constexpr Capabilities kMariaDbBulkOperations = 1ULL << 34;
inline constexpr Capabilities kMariaDbExtendedMetadata = 1ULL << 35;
inline constexpr Capabilities kMariaDbCacheMetadata = 1ULL << 36;
inline constexpr Capabilities kMariaDbBulkUnitResults = 1ULL << 37;

inline constexpr Capabilities kMariaDbExtended = 0xFFFFFFFFULL << 32;

/// Of relayed(): those without which the bytes, or the meaning, of a session are others. A server that does
/// not offer one of them is not the server that the client was told of.
inline constexpr Capabilities kSessionBits =
    kFoundRows | kLongFlag | kNoSchema | kLocalFiles | kIgnoreSpace | kInteractive | kTransactions |
    kMultiStatements | kMultiResults | kPsMultiResults | kCanHandleExpiredPasswords | kSessionTrack |
    kDeprecateEof | kOptionalResultsetMetadata | kProgressObsolete | kMariaDbProgress |
    kMariaDbBulkOperations | kMariaDbExtendedMetadata | kMariaDbCacheMetadata | kMariaDbBulkUnitResults;

/// Of kSessionBits, for people: "CLIENT_DEPRECATE_EOF, CLIENT_SESSION_TRACK".
[[nodiscard]] std::string capability_names(Capabilities capabilities);

}  // namespace rolegate::wire::mysql
