#pragma once

#include <string>

#include "aws/url.hpp"
#include "base/environment.hpp"

namespace rolegate::aws {

/// The proxy variables, read once. They mean what they mean to botocore (Python's urllib): lower-case names
/// win; HTTP_PROXY counts only outside CGI, where it would come from a client's "Proxy" header
/// (CVE-2016-1000110); no_proxy is a list of name suffixes, or "*". ALL_PROXY is not asked.
class ProxyVariables {
 public:
  explicit ProxyVariables(const base::Environment& environment);
  /// The proxy for `url`; empty: none. Loopback is never proxied: plain http with credentials may only go
  /// there.
  [[nodiscard]] std::string proxy_for(const Url& url) const;

 private:
  std::string http_;
  std::string https_;
  std::string no_proxy_;
};

}  // namespace rolegate::aws
