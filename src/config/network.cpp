#include "config/network.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

namespace rolegate::config {
namespace {

constexpr std::size_t kIpv4At = 12;  ///< in IPv6's form
constexpr unsigned kIpv4Prefix = 8 * kIpv4At;

using Bytes = std::array<unsigned char, 16>;

std::optional<Bytes> parse_address(const std::string& text) {
  Bytes bytes{};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  bytes[kIpv4At - 2] = bytes[kIpv4At - 1] = 0xFF;
  if (::inet_pton(AF_INET, text.c_str(), bytes.data() + kIpv4At) == 1) return bytes;
  return std::nullopt;
}

std::string text_of(const Bytes& address, bool ipv4) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(ipv4 ? AF_INET : AF_INET6, address.data() + (ipv4 ? kIpv4At : 0), text.data(), text.size());
  return text.data();
}

Bytes masked(Bytes address, unsigned prefix) {
  for (unsigned char& byte : address) {
    const unsigned kept = std::min(prefix, 8U);
    byte &= static_cast<unsigned char>(0xFF00U >> kept);
    prefix -= kept;
  }
  return address;
}

}  // namespace

std::expected<Network, NameFault> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const std::string host(text.substr(0, slash));
  const auto address = parse_address(host);
  if (!address) {
    return std::unexpected(
        NameFault{"is no network.", "Write an address, or one with a prefix: 10.0.0.0/8 or 2001:db8::/32."});
  }
  const bool ipv4 = host.find(':') == std::string::npos;
  const unsigned longest = ipv4 ? 32 : 128;
  unsigned prefix = longest;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (fault != std::errc() || end != digits.data() + digits.size() || prefix > longest) {
      return std::unexpected(NameFault{fmt::format("has no prefix length from 0 to {}.", longest), {}});
    }
  }
  Network network;
  network.prefix_ = ipv4 ? kIpv4Prefix + prefix : prefix;
  network.address_ = masked(*address, network.prefix_);
  if (network.address_ != *address) {
    return std::unexpected(
        NameFault{fmt::format("has an address with bits beyond its prefix of {}.", prefix),
                  fmt::format("Write {}/{} for the whole network, or {} for the one address.",
                              text_of(network.address_, ipv4), prefix, host)});
  }
  return network;
}

bool Network::contains(std::string_view host) const {
  const auto address = parse_address(std::string(host.substr(0, host.find('%'))));
  return address && masked(*address, prefix_) == address_;
}

}  // namespace rolegate::config
