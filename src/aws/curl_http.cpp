#include "aws/curl_http.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <vector>

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/socket.h>

#include "aws/api.hpp"
#include "aws/curl_library.hpp"
#include "aws/proxy.hpp"
#include "aws/url.hpp"
#include "base/file_trust.hpp"
#include "base/secret.hpp"

namespace rolegate::aws {
namespace {

constexpr std::chrono::milliseconds kConnectTimeout{10'000};
constexpr std::size_t kMaxHeaderBytes = 64 << 10;
/// Sets of open connections that are kept between calls.
constexpr std::size_t kMaxIdleSets = 8;
constexpr long kMaxConnectionsPerSet = 4;
/// Where the path of a CA bundle comes from.
constexpr std::string_view kBundleSetting = "AWS_CA_BUNDLE (or ca_bundle of the profile)";
constexpr const char* kUserAgent = "rolegate/0.1.0";

/// A curl_slist whose texts (an Authorization header, a session token) are wiped before they are freed.
class HeaderList {
 public:
  explicit HeaderList(const CurlLibrary& curl) : curl_(curl) {}
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() {
    for (curl_slist* item = list_; item != nullptr; item = item->next) {
      OPENSSL_cleanse(item->data, std::char_traits<char>::length(item->data));
    }
    curl_.slist_free_all(list_);
  }
  [[nodiscard]] bool append(const std::string& line) {
    curl_slist* longer = curl_.slist_append(list_, line.c_str());
    if (longer != nullptr) list_ = longer;
    return longer != nullptr;
  }
  [[nodiscard]] curl_slist* get() const { return list_; }

 private:
  const CurlLibrary& curl_;
  curl_slist* list_ = nullptr;
};

/// What the callbacks fill while an answer comes in.
struct PartialAnswer {
  HttpResponse response;
  std::size_t header_bytes = 0;
  bool too_long = false;
};

/// Grows by hand, because a string that reallocates leaves its old content behind unwiped.
void append_wiping(std::string& text, std::string_view more) {
  if (text.capacity() - text.size() < more.size()) {
    std::string larger;
    larger.reserve(std::max({text.capacity() * 2, text.size() + more.size(), std::size_t{4096}}));
    larger.append(text);
    base::wipe(text);
    text = std::move(larger);
  }
  text.append(more);
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& incoming = *static_cast<PartialAnswer*>(user);
  if (size > kMaxBody - incoming.response.body.size()) {
    incoming.too_long = true;
    return 0;
  }
  append_wiping(incoming.response.body, {data, size});
  return size;
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) {
  auto& incoming = *static_cast<PartialAnswer*>(user);
  incoming.header_bytes += size;
  if (incoming.header_bytes > kMaxHeaderBytes) {
    incoming.too_long = true;
    return 0;
  }
  std::string_view line(data, size);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  // A status line begins a new message: what an interim one (100 Continue, a proxy's 200) brought is over.
  if (line.starts_with("HTTP/")) incoming.response.headers.clear();
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  incoming.response.headers.emplace_back(line.substr(0, colon), value);
  return size;
}

/// libcurl asks at least once a second, also while nothing comes in.
int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(user)->load() ? 1 : 0;
}

/// libcurl's own sockets would go along with whatever program is executed next.
curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

/// Gives the name of a header that would hold a line break (and so smuggle in another), or nothing.
std::string append_headers(HeaderList& headers, const HttpRequest& request, bool& complete) {
  // libcurl would wait a second for "100 Continue" before a long body.
  complete = headers.append("Expect:");
  for (const auto& [name, value] : request.headers) {
    if (has_line_break(name)) return "name";
    if (has_line_break(value)) return name;
    std::string line = value.empty() ? name + ";" : fmt::format("{}: {}", name, value);
    const base::WipeAtEnd wipe(line);
    complete = headers.append(line) && complete;
  }
  return {};
}

base::Error timeout_error(const Url& url) {
  return base::make_error(ApiErrc::http_timeout, fmt::format("{} did not answer in time.", url.authority),
                          "Check the network, proxy and firewall between here and there.", true);
}

class CurlHttp final : public HttpClient {
 public:
  explicit CurlHttp(const base::Environment& environment)
      : ca_bundle_(environment.get_or("AWS_CA_BUNDLE", "")), proxies_(environment) {}
  CurlHttp(const CurlHttp&) = delete;
  CurlHttp& operator=(const CurlHttp&) = delete;
  ~CurlHttp() override {
    for (CURLSH* connections : idle_) curl_library()->share_cleanup(connections);
  }

  base::Result<HttpResponse> send(const HttpRequest& request, base::Deadline deadline) override;
  void stop() override { stopped_ = true; }

 private:
  /// A handle for one exchange, with a set of open connections on loan from the pool; nobody else uses them
  /// meanwhile, so no lock is held during I/O. Connections are kept and handles are not, because a handle has
  /// a pair of sockets of its own that would go along with whatever program is executed next.
  class Loan {
   public:
    Loan(CurlHttp& owner, const CurlLibrary& curl)
        : owner_(owner), curl_(curl), connections_(owner.take(curl)), handle_(curl.easy_init()) {}
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan() {
      if (handle_ != nullptr) curl_.easy_cleanup(handle_);
      if (connections_ != nullptr) owner_.give_back(curl_, connections_);
    }
    [[nodiscard]] CURL* get() const { return connections_ != nullptr ? handle_ : nullptr; }
    [[nodiscard]] CURLSH* connections() const { return connections_; }

   private:
    CurlHttp& owner_;
    const CurlLibrary& curl_;
    CURLSH* connections_;
    CURL* handle_;
  };

  [[nodiscard]] CURLSH* take(const CurlLibrary& curl);
  void give_back(const CurlLibrary& curl, CURLSH* connections);
  [[nodiscard]] base::Result<void> trust_ca_bundle() const;
  bool set_fixed_options(const CurlLibrary& curl, CURL* handle) const;
  [[nodiscard]] base::Error error_of(CURLcode code, const char* detail, const Url& url,
                                     const std::string& proxy, const PartialAnswer& incoming,
                                     const CurlLibrary& curl) const;

  std::string ca_bundle_;
  ProxyVariables proxies_;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::vector<CURLSH*> idle_;
};

/// Null when there is no memory.
CURLSH* CurlHttp::take(const CurlLibrary& curl) {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      CURLSH* connections = idle_.back();
      idle_.pop_back();
      return connections;
    }
  }
  CURLSH* connections = curl.share_init();
  if (connections != nullptr) curl.share_setopt(connections, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT);
  return connections;
}

void CurlHttp::give_back(const CurlLibrary& curl, CURLSH* connections) {
  {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMaxIdleSets) {
      idle_.push_back(connections);
      return;
    }
  }
  curl.share_cleanup(connections);
}

/// What holds for every request: nothing of it comes from variables or files that libcurl would read by
/// itself.
bool CurlHttp::set_fixed_options(const CurlLibrary& curl, CURL* handle) const {
  const auto set = [&](CURLoption option, auto value) {
    return curl.easy_setopt(handle, option, value) == CURLE_OK;
  };
  bool done =
      set(CURLOPT_NOSIGNAL, 1L) && set(CURLOPT_NOPROGRESS, 0L) && set(CURLOPT_PROTOCOLS_STR, "http,https") &&
      set(CURLOPT_FOLLOWLOCATION, 0L) && set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED)) &&
      set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1)) && set(CURLOPT_PATH_AS_IS, 1L) &&
      set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) &&
      set(CURLOPT_SSL_VERIFYPEER, 1L) && set(CURLOPT_SSL_VERIFYHOST, 2L) &&
      set(CURLOPT_MAXCONNECTS, kMaxConnectionsPerSet) && set(CURLOPT_USERAGENT, kUserAgent) &&
      set(CURLOPT_WRITEFUNCTION, &on_body) && set(CURLOPT_HEADERFUNCTION, &on_header) &&
      set(CURLOPT_OPENSOCKETFUNCTION, &open_socket) && set(CURLOPT_XFERINFOFUNCTION, &on_progress) &&
      set(CURLOPT_XFERINFODATA, &stopped_);
  // A resolver that hangs must not outlive the deadline: its thread is left to end by itself.
  curl.easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
  if (!ca_bundle_.empty()) {
    // AWS_CA_BUNDLE replaces the system's certificates, as in the SDKs; it is not added to them.
    done = done && set(CURLOPT_CAINFO, ca_bundle_.c_str()) &&
           set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  return done;
}

base::Result<void> CurlHttp::trust_ca_bundle() const {
  if (ca_bundle_.empty()) return {};
  if (auto trusted = base::check_file_trust(ca_bundle_); !trusted) {
    return base::fail(ApiErrc::http_tls,
                      fmt::format("{} names {}, which cannot be used: {}", kBundleSetting, ca_bundle_,
                                  trusted.error().message),
                      std::move(trusted.error().hint));
  }
  return {};
}

base::Result<HttpResponse> CurlHttp::send(const HttpRequest& request, base::Deadline deadline) {
  const auto url = parse_url(request.url);
  if (!url) return base::fail(ApiErrc::http_failed, "The address of an AWS request is not an http(s) URL.");
  const auto left = deadline.left();
  if (left.count() == 0) return std::unexpected(timeout_error(*url));
  // Instance metadata comes over plain HTTP, where no certificate counts.
  if (url->scheme == "https") {
    if (auto trusted = trust_ca_bundle(); !trusted) return std::unexpected(std::move(trusted.error()));
  }
  const auto& library = curl_library();
  if (!library) return std::unexpected(library.error());
  const CurlLibrary& curl = *library;
  const Loan loan(*this, curl);
  if (loan.get() == nullptr) return base::fail(ApiErrc::http_failed, "libcurl could not make a handle.");

  HeaderList headers(curl);
  bool ready = false;
  if (const auto bad = append_headers(headers, request, ready); !bad.empty()) {
    return base::fail(
        ApiErrc::http_failed,
        fmt::format("The header {} of a request to {} would hold a line break.", bad, url->authority));
  }
  const std::string proxy = request.use_proxy ? proxies_.proxy_for(*url) : std::string();
  PartialAnswer incoming;
  std::array<char, CURL_ERROR_SIZE> detail{};
  const auto set = [&](CURLoption option, auto value) {
    ready = ready && curl.easy_setopt(loan.get(), option, value) == CURLE_OK;
  };
  ready = ready && set_fixed_options(curl, loan.get());
  set(CURLOPT_SHARE, loan.connections());
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_HTTPHEADER, headers.get());
  // Set even when empty: libcurl then reads neither *_proxy nor no_proxy itself.
  set(CURLOPT_PROXY, proxy.c_str());
  set(CURLOPT_NOPROXY, "");
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(left, kConnectTimeout).count()));
  set(CURLOPT_ERRORBUFFER, detail.data());
  set(CURLOPT_WRITEDATA, &incoming);
  set(CURLOPT_HEADERDATA, &incoming);
  if (request.method == "GET") {
    set(CURLOPT_HTTPGET, 1L);
  } else {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.c_str());
    if (request.method != "POST") set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  if (!ready) {
    return base::fail(ApiErrc::http_failed, "libcurl is too old: it refused an option.",
                      "Rolegate needs libcurl 7.85 or newer.");
  }

  const CURLcode code = curl.easy_perform(loan.get());
  if (code != CURLE_OK) return std::unexpected(error_of(code, detail.data(), *url, proxy, incoming, curl));
  long status = 0;
  curl.easy_getinfo(loan.get(), CURLINFO_RESPONSE_CODE, &status);
  incoming.response.status = static_cast<int>(status);
  return std::move(incoming.response);
}

/// `detail` is libcurl's own sentence; it is repeated only where it cannot hold a proxy's password.
base::Error CurlHttp::error_of(CURLcode code, const char* detail, const Url& url, const std::string& proxy,
                               const PartialAnswer& incoming, const CurlLibrary& curl) const {
  const std::string_view reason = *detail != '\0' ? detail : curl.easy_strerror(code);
  const std::string_view via = proxy.empty() ? "" : " through the proxy";
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return timeout_error(url);
    case CURLE_COULDNT_RESOLVE_HOST:
      return base::make_error(ApiErrc::http_connect, fmt::format("The name {} cannot be resolved.", url.host),
                              "Check the region, the network and the name servers.", true);
    case CURLE_COULDNT_RESOLVE_PROXY:
      return base::make_error(ApiErrc::http_connect,
                              fmt::format("The proxy for {} cannot be resolved.", url.authority),
                              fmt::format("Check {}_PROXY.", url.scheme == "https" ? "HTTPS" : "HTTP"), true);
    case CURLE_COULDNT_CONNECT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return base::make_error(ApiErrc::http_connect,
                              fmt::format("The connection to {}{} failed: {}.", url.authority, via, reason),
                              "Check the network, proxy and firewall between here and there.", true);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return base::make_error(
          ApiErrc::http_tls,
          fmt::format("The TLS certificate of {}{} cannot be verified: {}.", url.authority, via, reason),
          ca_bundle_.empty()
              ? "If a proxy or a private endpoint presents a certificate of its own, name its CA in "
                "AWS_CA_BUNDLE."
              : fmt::format("It is checked against {} alone, which {} names; add its CA there.", ca_bundle_,
                            kBundleSetting));
    case CURLE_SSL_CACERT_BADFILE:
      return base::make_error(ApiErrc::http_tls,
                              ca_bundle_.empty() ? std::string("The system's CA certificates cannot be read.")
                                                 : fmt::format("{} names {}, which cannot be read as PEM.",
                                                               kBundleSetting, ca_bundle_),
                              ca_bundle_.empty() ? "Install ca-certificates, or set AWS_CA_BUNDLE."
                                                 : "It must be a file of PEM certificates.");
    case CURLE_SSL_CONNECT_ERROR:
      return base::make_error(ApiErrc::http_tls,
                              fmt::format("TLS with {}{} failed: {}.", url.authority, via, reason),
                              "Is there a service at that address that speaks TLS 1.2 or newer?", true);
    case CURLE_WRITE_ERROR:
      if (!incoming.too_long) break;
      return base::make_error(
          ApiErrc::http_failed,
          fmt::format("The answer of {} is longer than {} bytes.", url.authority, kMaxBody),
          "Is this an AWS endpoint?");
    case CURLE_ABORTED_BY_CALLBACK:
      return base::make_error(
          ApiErrc::http_failed,
          fmt::format("The request to {} was given up: the program is ending.", url.authority));
    default:
      break;
  }
  return base::make_error(ApiErrc::http_failed, fmt::format("The request to {} failed: {}.", url.authority,
                                                            curl.easy_strerror(code)));
}

}  // namespace

std::unique_ptr<HttpClient> make_curl_http(const base::Environment& environment) {
  return std::make_unique<CurlHttp>(environment);
}

}  // namespace rolegate::aws
