#include "config/difference.hpp"

#include <algorithm>
#include <string>

namespace rolegate::config {
namespace {

const std::string& name_of(const DirectoryEntry& entry) { return entry.database->name; }
const std::string& name_of_change(const Difference::Change& change) { return name_of(change.after); }

bool same_gateway(const Gateway* before, const Gateway* after) {
  return before == after || (before != nullptr && after != nullptr && *before == *after);
}

bool same_users(const Gateway* before, const Gateway* after) {
  const std::vector<GatewayUser> nobody;
  const std::vector<GatewayUser>& old = before != nullptr ? before->users : nobody;
  const std::vector<GatewayUser>& now = after != nullptr ? after->users : nobody;
  return before == after || old == now;
}

}  // namespace

Difference difference(const Snapshot& before, const Snapshot& after) {
  Difference out;
  DatabaseMap::compare(before.databases, after.databases,
                       [&](const DirectoryEntry* old, const DirectoryEntry* now) {
                         if (old != nullptr && now != nullptr && old->since == now->since) {
                           out.changed.push_back({*old, *now});
                           return;
                         }
                         if (old != nullptr) out.removed.push_back(*old);
                         if (now != nullptr) out.added.push_back(*now);
                       });
  std::ranges::sort(out.added, {}, name_of);
  std::ranges::sort(out.removed, {}, name_of);
  std::ranges::sort(out.changed, {}, name_of_change);
  out.users =
      !same_users(before.gateway.get(), after.gateway.get()) || before.gateway_broken != after.gateway_broken;
  out.gateway = !same_gateway(before.gateway.get(), after.gateway.get()) ||
                before.gateway_broken != after.gateway_broken;
  out.aws_database_iam_auth = before.aws_database_iam_auth != after.aws_database_iam_auth;
  return out;
}

}  // namespace rolegate::config
