#include "wire/mysql/capabilities.hpp"

#include <string_view>
#include <utility>

namespace rolegate::wire::mysql {

Capabilities relayed(Capabilities offered) {
  // A list of what is known to be the session's own, not of what is not: a capability that is not known here
  // may change the framing, or bring commands of which COM_CHANGE_USER is a part (as COM_MULTI did).
  constexpr Capabilities kHints = kLongPassword | kOdbc | kIgnoreSigpipe | kReserved | kConnectAttrs;
  const bool mariadb = (offered & kLongPassword) == 0;
  const Capabilities other = mariadb ? 0 : kMariaDbExtended | kProgressObsolete;
  return offered & (kSessionBits | kHints) & ~other;
}

std::string capability_names(Capabilities capabilities) {
  constexpr std::pair<Capabilities, std::string_view> kNames[] = {
      {kFoundRows, "CLIENT_FOUND_ROWS"},
      {kLongFlag, "CLIENT_LONG_FLAG"},
      {kNoSchema, "CLIENT_NO_SCHEMA"},
      {kLocalFiles, "CLIENT_LOCAL_FILES"},
      {kIgnoreSpace, "CLIENT_IGNORE_SPACE"},
      {kInteractive, "CLIENT_INTERACTIVE"},
      {kTransactions, "CLIENT_TRANSACTIONS"},
      {kMultiStatements, "CLIENT_MULTI_STATEMENTS"},
      {kMultiResults, "CLIENT_MULTI_RESULTS"},
      {kPsMultiResults, "CLIENT_PS_MULTI_RESULTS"},
      {kCanHandleExpiredPasswords, "CLIENT_CAN_HANDLE_EXPIRED_PASSWORDS"},
      {kSessionTrack, "CLIENT_SESSION_TRACK"},
      {kDeprecateEof, "CLIENT_DEPRECATE_EOF"},
      {kOptionalResultsetMetadata, "CLIENT_OPTIONAL_RESULTSET_METADATA"},
      {kProgressObsolete, "CLIENT_PROGRESS_OBSOLETE"},
      {kMariaDbProgress, "MARIADB_CLIENT_PROGRESS"},
      {kMariaDbBulkOperations, "MARIADB_CLIENT_STMT_BULK_OPERATIONS"},
      {kMariaDbExtendedMetadata, "MARIADB_CLIENT_EXTENDED_METADATA"},
      {kMariaDbCacheMetadata, "MARIADB_CLIENT_CACHE_METADATA"},
      {kMariaDbBulkUnitResults, "MARIADB_CLIENT_BULK_UNIT_RESULTS"},
  };
  std::string names;
  for (const auto& [flag, name] : kNames) {
    if ((capabilities & flag) == 0) continue;
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

}  // namespace rolegate::wire::mysql
