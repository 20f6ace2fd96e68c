#include "base/ip_address.hpp"

#include <string>

#include <arpa/inet.h>

namespace rolegate::base {
namespace {

bool is_of_family(int family, std::string_view text) {
  // inet_pton would read no further than a NUL.
  if (text.find('\0') != std::string_view::npos) return false;
  unsigned char bytes[sizeof(in6_addr)];
  return ::inet_pton(family, std::string(text).c_str(), bytes) == 1;
}

}  // namespace

bool is_ipv4(std::string_view text) { return is_of_family(AF_INET, text); }
bool is_ipv6(std::string_view text) { return is_of_family(AF_INET6, text); }

}  // namespace rolegate::base
