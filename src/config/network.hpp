#pragma once

#include <array>
#include <expected>
#include <string_view>

#include "config/name_fault.hpp"

namespace rolegate::config {

/// Addresses that begin with the same bits: "10.0.0.0/8", "2001:db8::/32"; "192.0.2.7" is a network of one.
class Network {
 public:
  [[nodiscard]] static std::expected<Network, NameFault> parse(std::string_view text);

  /// `host`: numeric, as sockets have it. The interface of a link-local address ("%eth0") does not count, and
  /// an IPv4 address in IPv6's form ("::ffff:10.0.0.1") is an IPv4 address.
  [[nodiscard]] bool contains(std::string_view host) const;
  bool operator==(const Network&) const = default;

 private:
  using Address = std::array<unsigned char, 16>;  ///< an IPv4 one in IPv6's form

  Address address_{};
  unsigned prefix_ = 8 * sizeof(Address);
};

}  // namespace rolegate::config
