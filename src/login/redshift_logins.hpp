#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "aws/redshift.hpp"
#include "login/fetch_cache.hpp"
#include "login/role_key.hpp"

namespace rolegate::login {

/// The four calls of aws/redshift.hpp, or a test's.
struct RedshiftApi {
  template <typename Request>
  using GetUser = std::function<base::Result<aws::TemporaryUser>(const Request&, const aws::Credentials&,
                                                                 base::Deadline)>;
  using GetEndpoint = std::function<base::Result<aws::RedshiftEndpoint>(
      const std::string& region, const std::string& name, const aws::Credentials&, base::Deadline)>;

  GetUser<aws::ClusterCredentialsRequest> cluster_credentials;
  GetUser<aws::WorkgroupCredentialsRequest> workgroup_credentials;
  GetEndpoint cluster_endpoint;
  GetEndpoint workgroup_endpoint;
};

/// A cluster or a workgroup as somebody sees it: `role` says with whose credentials it is asked for (for a
/// same-account database, only its identity and region are set).
struct RedshiftTarget {
  using View = RedshiftTarget;

  [[nodiscard]] const View& view() const { return *this; }
  bool operator==(const RedshiftTarget& other) const;
  [[nodiscard]] std::size_t hash() const;
  [[nodiscard]] std::string lane() const {
    return (serverless ? "redshift-serverless " : "redshift ") + role.region;
  }
  [[nodiscard]] std::string text() const;

  RoleKey role;
  bool serverless = false;
  std::string name;
};

/// What a temporary password is for: everything that the API's answer depends on.
struct RedshiftLoginKey {
  using View = RedshiftLoginKey;

  [[nodiscard]] const View& view() const { return *this; }
  bool operator==(const RedshiftLoginKey&) const = default;
  [[nodiscard]] std::size_t hash() const;
  [[nodiscard]] std::string lane() const { return target.lane(); }
  [[nodiscard]] std::string text() const;

  RedshiftTarget target;
  std::string db_user;  ///< empty for Serverless
  std::string db_name;
  bool auto_create = false;
  std::vector<std::string> db_groups;
  std::optional<std::chrono::seconds> duration;
};

/// Temporary Redshift users, cached until a quarter of their life, at least 60 s, is left; and endpoints,
/// cached apart from them, because one workgroup has many users. Thread-safe.
class RedshiftLogins {
 public:
  using UserCache = FetchCache<RedshiftLoginKey, aws::TemporaryUser>;
  using EndpointCache = FetchCache<RedshiftTarget, aws::RedshiftEndpoint>;

  RedshiftLogins(UserCache::Context context, RedshiftApi api, CacheLimits limits = {});

  [[nodiscard]] base::Result<Answer<aws::TemporaryUser>> user(const RedshiftLoginKey& key,
                                                              const aws::CredentialsPtr& credentials,
                                                              base::Deadline deadline,
                                                              Fresh fresh = Fresh::no) {
    return users_.get(key, credentials, deadline, fresh);
  }
  [[nodiscard]] base::Result<Answer<aws::RedshiftEndpoint>> endpoint(const RedshiftTarget& target,
                                                                     const aws::CredentialsPtr& credentials,
                                                                     base::Deadline deadline,
                                                                     Fresh fresh = Fresh::no) {
    return endpoints_.get(target, credentials, deadline, fresh);
  }

  void forget() {
    users_.forget();
    endpoints_.forget();
  }

  [[nodiscard]] CacheCounts user_counts() const { return users_.counts(); }
  [[nodiscard]] std::vector<UserCache::Held> held_users() const { return users_.held(); }
  [[nodiscard]] std::uint64_t calls() const { return calls_; }

 private:
  [[nodiscard]] base::Result<Fetched<aws::TemporaryUser>> fetch_user(const RedshiftLoginKey& key,
                                                                     const aws::Credentials& credentials,
                                                                     base::Deadline deadline);
  [[nodiscard]] base::Result<Fetched<aws::RedshiftEndpoint>> fetch_endpoint(
      const RedshiftTarget& target, const aws::Credentials& credentials, base::Deadline deadline);

  const base::Clock& clock_;
  const RedshiftApi api_;
  std::atomic<std::uint64_t> calls_{0};
  UserCache users_;
  EndpointCache endpoints_;
};

}  // namespace rolegate::login
