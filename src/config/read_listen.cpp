#include "config/read_listen.hpp"

#include <utility>

#include <fmt/format.h>

namespace rolegate::config {

std::optional<ListenAddress> read_listen_address(const Fields::Text& text, const std::string& field,
                                                 SocketForm form, TakenAddresses& taken, Report& report) {
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

std::vector<ListenAddress> read_listen(Fields& fields, SocketForm form, TakenAddresses& taken,
                                       Report& report) {
  constexpr std::string_view kKey = "listen";
  constexpr std::size_t kMaxAddresses = 64;
  constexpr std::size_t kMaxText = 256;
  const Node::Entry* entry = fields.find(kKey);
  if (entry != nullptr && entry->value->type == Node::Type::string) {
    fields.error(kKey, "must be a list, not a string.",
                 "Put the address into brackets: [\"127.0.0.1:6432\"].");
    return {};
  }
  std::vector<ListenAddress> addresses;
  for (const Fields::Text& text : fields.texts(kKey, kMaxAddresses, kMaxText)) {
    auto address =
        read_listen_address(text, fmt::format("{}[{}]", fields.path(kKey), text.index), form, taken, report);
    if (address) addresses.push_back(std::move(*address));
  }
  return addresses;
}

}  // namespace rolegate::config
