#pragma once

#include <string_view>

namespace rolegate::wire {

/// A load balancer's PROXY protocol header, which stands before everything else.
/// https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt
enum class ProxyHeader { no, perhaps, yes };  ///< `perhaps`: too little has come to tell

[[nodiscard]] constexpr ProxyHeader proxy_header_at_front(std::string_view bytes) {
  constexpr std::string_view kVersions[] = {"PROXY ", std::string_view("\r\n\r\n\0\r\nQUIT\n", 12)};
  for (const std::string_view version : kVersions) {
    if (bytes.starts_with(version)) return ProxyHeader::yes;
    if (version.starts_with(bytes)) return ProxyHeader::perhaps;
  }
  return ProxyHeader::no;
}

/// For logs: what went wrong when one comes.
inline constexpr std::string_view kUnexpectedProxyHeader =
    "The client begins with a PROXY protocol header, which nothing here expects: take it out of the load "
    "balancer's settings.";

}  // namespace rolegate::wire
