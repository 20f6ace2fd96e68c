#include "gateway/access.hpp"

namespace rolegate::gateway {
namespace {

bool speaks(const config::Database& database, bool mysql) {
  return (database.uri.engine == config::Engine::mysql) == mysql;
}

}  // namespace

std::string_view way_name(Admission::Way way) {
  switch (way) {
    case Admission::Way::owner:
      return "owner";
    case Admission::Way::peer:
      return "peer";
    case Admission::Way::certificate:
      return "certificate";
    case Admission::Way::password:
      return "password";
    case Admission::Way::users_missing:
      break;
  }
  return {};
}

Admission admit(const config::Snapshot& snapshot, const Client& client, std::string_view user,
                std::uint32_t own_uid) {
  using enum Admission::Way;
  // A section with errors has no users, but that must not open the door that a missing section leaves to the
  // owner.
  if (snapshot.gateway_broken) return {password, nullptr};
  if (!snapshot.gateway || snapshot.gateway->users.empty()) {
    if (!client.uid) return {users_missing, nullptr};
    return {*client.uid == own_uid ? owner : password, nullptr};
  }
  const config::GatewayUser* found = snapshot.find_user(user);
  if (found == nullptr) return {password, nullptr};
  if (!client.uid && !found->may_come_from(client.group)) return {password, found, true};
  if (!found->client_cert_cn.empty() && found->client_cert_cn == client.certificate_name) {
    return {certificate, found};
  }
  if (client.uid && found->peer_uid == client.uid) return {peer, found};
  return {password, found};
}

base::ScramVerifier verifier_for(const Admission& admission, const Decoys& decoys, std::string_view user) {
  if (admission.user == nullptr || !admission.user->scram) return decoys.of(user);
  return admission.from_elsewhere ? never_right(*admission.user->scram) : *admission.user->scram;
}

bool may_stay(const config::Snapshot& snapshot, const Client& client, std::string_view user,
              const config::Database& database) {
  const config::GatewayUser* const found = snapshot.find_user(user);
  if (found == nullptr || !found->may_use(database.name)) return false;
  if (!client.uid && !found->may_come_from(client.group)) return false;
  const config::DirectoryEntry* const served = snapshot.databases.find(database.name);
  return served != nullptr && served->database->uri.engine == database.uri.engine;
}

Choice choose(const config::Snapshot& snapshot, std::string_view name, const config::GatewayUser* user,
              bool mysql) {
  if (user != nullptr && !user->may_use(name)) return {};
  const config::DirectoryEntry* const found = snapshot.databases.find(name);
  if (found == nullptr) return {nullptr, snapshot.is_broken(name)};
  return speaks(*found->database, mysql) ? Choice{found->database, false} : Choice{};
}

std::string only_choice(const config::Snapshot& snapshot, const config::GatewayUser& user, bool mysql) {
  std::string only;
  for (const std::string& name : user.databases) {
    const config::DirectoryEntry* const found = snapshot.databases.find(name);
    if (found == nullptr || !speaks(*found->database, mysql) || name == only) continue;
    if (!only.empty()) return {};
    only = name;
  }
  return only;
}

}  // namespace rolegate::gateway
