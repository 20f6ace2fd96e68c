#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "unit/aws/child_process.hpp"

namespace rolegate::aws::testing {

/// `openssl s_server` on a free port of 127.0.0.1 with a certificate of its own making for `name`
/// ("IP:127.0.0.1", "DNS:other.example"); answers GET with a page.
class TlsServer {
 public:
  explicit TlsServer(const std::string& name) : folder_(make_folder()) {
    ChildProcess make({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                       "-nodes", "-days", "2", "-subj", "/CN=imposter", "-addext", "subjectAltName=" + name,
                       "-keyout", key(), "-out", certificate()},
                      ChildProcess::Stderr::dropped);
    if (make.wait() != 0) throw std::runtime_error("openssl req failed");
    server_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{"openssl", "s_server", "-accept", "127.0.0.1:0", "-key", key(), "-cert",
                                 certificate(), "-www"},
        ChildProcess::Stderr::dropped);
    // "ACCEPT 127.0.0.1:40001"
    for (std::string line = server_->read_line(); !line.empty(); line = server_->read_line()) {
      if (line.starts_with("ACCEPT "))
        port_ = static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(':') + 1)));
      if (port_ != 0) return;
    }
    throw std::runtime_error("openssl s_server did not say its port");
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  ~TlsServer() {
    server_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(port_) + "/"; }
  [[nodiscard]] std::string certificate() const { return folder_ + "/certificate.pem"; }

 private:
  [[nodiscard]] std::string key() const { return folder_ + "/key.pem"; }
  static std::string make_folder() {
    std::string path = (std::filesystem::temp_directory_path() / "rolegate-tls-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    return path;
  }

  std::string folder_;
  std::unique_ptr<ChildProcess> server_;
  std::uint16_t port_ = 0;
};

}  // namespace rolegate::aws::testing
