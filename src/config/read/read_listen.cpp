#include "config/read/read_listen.hpp"

#include <utility>

#include <fmt/format.h>

namespace rolegate::config {

std::optional<base::ListenAddress> read_listen_address(const Fields::Text& text, const std::string& field,
                                                       SocketForm form, TakenAddresses& taken,
                                                       Report& report) {
  auto address = parse_listen_address(text.value, form);
  if (!address) {
    report.error(text.place, field, std::move(address.error().message), std::move(address.error().remedy));
    return std::nullopt;
  }
  if (const auto clash = taken.take(*address, form, text.place)) {
    report.error(text.place, field,
                 clash->same
                     ? fmt::format("has an address that stands at line {} already.", clash->line)
                     : fmt::format("has an address that takes what the one at line {} needs.", clash->line),
                 "Give each listener an address of its own.");
    return std::nullopt;
  }
  return std::move(*address);
}

Encryption encryption_of(const GatewayListeners& listeners) {
  if (listeners.tls)
    return listeners.tls_required.value_or(true) ? Encryption::required : Encryption::optional;
  return listeners.tls_required ? Encryption::none : Encryption::missing;
}

namespace {

/// Passwords' proofs, queries and rows would go over the network for everybody to read.
void check_encryption(const Fields::Text& text, const std::string& field, SocketForm form,
                      Encryption encryption, Report& report) {
  const std::string tls = form == SocketForm::file ? "gateway.mysql.tls" : "gateway.postgresql.tls";
  switch (encryption) {
    case Encryption::required:
      return;
    case Encryption::missing:
      return report.error(
          text.place, field, "can be reached from other machines, and there is no TLS.",
          fmt::format("Add '{}: {{cert: FILE, key: FILE}}', listen on 127.0.0.1, or write '{}: {{required: "
                      "false}}' to let everything go in the clear.",
                      tls, tls));
    case Encryption::optional:
    case Encryption::none:
      return report.warning(
          text.place, field,
          encryption == Encryption::none
              ? "can be reached from other machines, and everything goes there in the clear."
              : "can be reached from other machines, and clients may come there in the clear.",
          fmt::format("{}.required is false.", tls));
  }
}

}  // namespace

std::vector<base::ListenAddress> read_listen(Fields& fields, SocketForm form, Encryption encryption,
                                             TakenAddresses& taken, Report& report) {
  constexpr std::string_view kKey = "listen";
  constexpr std::size_t kMaxAddresses = 64;
  constexpr std::size_t kMaxText = 256;
  const Node::Entry* entry = fields.find(kKey);
  if (entry != nullptr && entry->value->type == Node::Type::string) {
    fields.error(kKey, "must be a list, not a string.",
                 "Put the address into brackets: [\"127.0.0.1:6432\"].");
    return {};
  }
  std::vector<base::ListenAddress> addresses;
  for (const Fields::Text& text : fields.texts(kKey, kMaxAddresses, kMaxText)) {
    const std::string field = fmt::format("{}[{}]", fields.path(kKey), text.index);
    auto address = read_listen_address(text, field, form, taken, report);
    if (!address) continue;
    if (address->is_unix) {
      report.names_file(text.place, field,
                        form == SocketForm::folder
                            ? fmt::format("{}/.s.PGSQL.{}", address->path, address->port)
                            : address->path);
    }
    if (!is_local(*address)) check_encryption(text, field, form, encryption, report);
    addresses.push_back(std::move(*address));
  }
  return addresses;
}

}  // namespace rolegate::config
