#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aws/api.hpp"
#include "aws/credentials.hpp"

namespace rolegate::aws {

/// A temporary database user, as both kinds of Redshift hand them out.
struct TemporaryUser {
  std::string user;  ///< with AWS's prefix: "IAM:…", "IAMA:…", "IAMR:…"; this is the start-up user
  base::Secret password;
  base::WallTime expires_at;
  std::string request_id;
};

struct RedshiftEndpoint {
  std::string host;
  std::uint16_t port = 0;
};

struct ClusterCredentialsRequest {
  std::string region;
  std::string cluster_identifier;
  std::string db_user;
  std::string db_name;
  bool auto_create = false;
  std::vector<std::string> db_groups;
  std::optional<std::chrono::seconds> duration;  ///< 900–3600; AWS's default is 900
};

/// Provisioned Redshift, API version 2012-12-01 (Query protocol, XML). Thread-safe.
class RedshiftClient {
 public:
  explicit RedshiftClient(ApiContext context) : context_(std::move(context)) {}
  [[nodiscard]] base::Result<TemporaryUser> get_cluster_credentials(const ClusterCredentialsRequest& request,
                                                                    const Credentials& credentials,
                                                                    base::Deadline deadline);
  /// DescribeClusters of one cluster; an error when it has no endpoint yet (it is being created, say).
  [[nodiscard]] base::Result<RedshiftEndpoint> endpoint(const std::string& region,
                                                        const std::string& cluster_identifier,
                                                        const Credentials& credentials,
                                                        base::Deadline deadline);

 private:
  ApiContext context_;
};

struct WorkgroupCredentialsRequest {
  std::string region;
  std::string workgroup_name;
  std::string db_name;
  std::optional<std::chrono::seconds> duration;
};

/// Redshift Serverless (AWS JSON 1.1, target prefix RedshiftServerless). Thread-safe.
class RedshiftServerlessClient {
 public:
  explicit RedshiftServerlessClient(ApiContext context) : context_(std::move(context)) {}
  [[nodiscard]] base::Result<TemporaryUser> get_credentials(const WorkgroupCredentialsRequest& request,
                                                            const Credentials& credentials,
                                                            base::Deadline deadline);
  /// GetWorkgroup's endpoint.
  [[nodiscard]] base::Result<RedshiftEndpoint> endpoint(const std::string& region,
                                                        const std::string& workgroup_name,
                                                        const Credentials& credentials,
                                                        base::Deadline deadline);

 private:
  ApiContext context_;
};

}  // namespace rolegate::aws
