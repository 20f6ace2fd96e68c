#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include <fmt/format.h>

#include "aws/http.hpp"
#include "base/clock.hpp"
#include "base/iso8601.hpp"
#include "support/gate.hpp"

namespace rolegate::login {

/// AWS as far as logins need it: answers each operation with the n-th of its kind, counts, can be held at a
/// gate, be down, or refuse. Knows nothing of signatures; the lab does.
class FakeAws final : public aws::HttpClient {
 public:
  explicit FakeAws(const base::Clock& clock) : clock_(clock) {}

  test::Gate gate;
  std::atomic<bool> down{false};
  std::atomic<bool> denying{false};
  std::chrono::seconds role_life{3600};
  std::chrono::seconds password_life{900};

  base::Result<aws::HttpResponse> send(const aws::HttpRequest& request, base::Deadline deadline) override {
    const std::string operation = operation_of(request);
    const int count = note(operation, request.body);
    if (!gate.pass(deadline.at())) return failed("http_timeout", "AWS is stalled.");
    if (down) return failed("http_connect", "AWS is down.");
    aws::HttpResponse response;
    const bool refused = is_refused(request);
    response.status = denying || refused ? 403 : 200;
    response.body = denying ? kDenied : refused ? kInvalidKey : answer(operation, count);
    if (refused) response.headers.emplace_back("x-amzn-ErrorType", "UnrecognizedClientException");
    return response;
  }
  /// From now on, requests that are signed with a key that begins so are refused.
  void refuse(std::string key) {
    const std::lock_guard lock(mutex_);
    refused_key_ = std::move(key);
  }

  [[nodiscard]] int count(const std::string& operation) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(operation);
    return found == counts_.end() ? 0 : found->second;
  }
  [[nodiscard]] int count() const {
    const std::lock_guard lock(mutex_);
    int sum = 0;
    for (const auto& [operation, count] : counts_) sum += count;
    return sum;
  }
  /// The body of the request that came last.
  [[nodiscard]] std::string last_body() const {
    const std::lock_guard lock(mutex_);
    return last_body_;
  }

 private:
  static constexpr const char* kDenied =
      "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User is not authorized to "
      "perform: sts:AssumeRole</Message></Error><RequestId>req-denied</RequestId></ErrorResponse>";

  static constexpr const char* kInvalidKey =
      "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>The security token "
      "included in the request is invalid.</Message></Error><RequestId>req-key</RequestId></ErrorResponse>";

  [[nodiscard]] bool is_refused(const aws::HttpRequest& request) const {
    const std::lock_guard lock(mutex_);
    if (refused_key_.empty()) return false;
    for (const auto& [name, value] : request.headers) {
      if (value.find("Credential=" + refused_key_) != std::string::npos) return true;
    }
    return false;
  }

  static base::Result<aws::HttpResponse> failed(std::string_view code, std::string message) {
    return std::unexpected(base::Error{code, std::move(message), {}, true, std::nullopt});
  }

  static std::string operation_of(const aws::HttpRequest& request) {
    for (const auto& [name, value] : request.headers) {
      if (name == "X-Amz-Target" || name == "x-amz-target") return value.substr(value.find('.') + 1);
    }
    const auto start = request.body.find("Action=");
    if (start == std::string::npos) return "unknown";
    return request.body.substr(start + 7, request.body.find('&', start) - start - 7);
  }

  int note(const std::string& operation, const std::string& body) {
    const std::lock_guard lock(mutex_);
    last_body_ = body;
    return ++counts_[operation];
  }

  [[nodiscard]] std::string answer(const std::string& operation, int n) const {
    const base::WallTime now = clock_.now();
    if (operation == "AssumeRole") {
      return fmt::format(
          "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE{:05}</AccessKeyId>"
          "<SecretAccessKey>canary-secret-{}</SecretAccessKey><SessionToken>canary-session-{}</SessionToken>"
          "<Expiration>{}</Expiration></Credentials></"
          "AssumeRoleResult><ResponseMetadata><RequestId>req-sts-{}"
          "</RequestId></ResponseMetadata></AssumeRoleResponse>",
          n, n, n, base::format_iso8601(now + role_life), n);
    }
    if (operation == "GetClusterCredentials") {
      return fmt::format(
          "<GetClusterCredentialsResponse><GetClusterCredentialsResult><DbUser>IAM:app_rw</"
          "DbUser><DbPassword>"
          "canary-password-{}</DbPassword><Expiration>{}</Expiration></GetClusterCredentialsResult>"
          "<ResponseMetadata><RequestId>req-rs-{}</RequestId></ResponseMetadata>"
          "</GetClusterCredentialsResponse>",
          n, base::format_iso8601(now + password_life), n);
    }
    if (operation == "DescribeClusters") {
      return "<DescribeClustersResponse><DescribeClustersResult><Clusters><Cluster><ClusterIdentifier>my-"
             "cluster"
             "</ClusterIdentifier><ClusterStatus>available</ClusterStatus><Endpoint><Address>my-cluster.abc."
             "eu-west-1.redshift.amazonaws.com</Address><Port>5444</Port></Endpoint></Cluster></Clusters>"
             "</DescribeClustersResult><ResponseMetadata><RequestId>req-dc</RequestId></ResponseMetadata>"
             "</DescribeClustersResponse>";
    }
    if (operation == "GetCredentials") {
      const auto end =
          std::chrono::duration_cast<std::chrono::seconds>((now + password_life).time_since_epoch());
      return fmt::format(
          R"({{"dbUser":"IAMR:Access","dbPassword":"canary-password-{}","expiration":{},"nextRefreshTime":{}}})",
          n, end.count(), end.count());
    }
    if (operation == "GetWorkgroup") {
      return R"({"workgroup":{"workgroupName":"my-workgroup","status":"AVAILABLE","endpoint":)"
             R"({"address":"my-workgroup.1.eu-west-1.redshift-serverless.amazonaws.com","port":5440}}})";
    }
    return "?";
  }

  const base::Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, int> counts_;
  std::string last_body_;
  std::string refused_key_;
};

}  // namespace rolegate::login
