#include "aws/redshift.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/aws/api_fixture.hpp"

namespace rolegate::aws {
namespace {

using testing::ApiFixture;
using testing::example_credentials;
using ::testing::HasSubstr;
using ::testing::Not;

std::string describe_answer(std::string_view cluster) {
  return fmt::format(
      R"(<DescribeClustersResponse xmlns="http://redshift.amazonaws.com/doc/2012-12-01/"><DescribeClustersResult><Clusters>{}</Clusters>)"
      R"(</DescribeClustersResult><ResponseMetadata><RequestId>r-2</RequestId></ResponseMetadata></DescribeClustersResponse>)",
      cluster);
}

class Redshift : public ::testing::Test {
 protected:
  ApiFixture fixture_;
  RedshiftClient redshift_{fixture_.context()};
  Credentials credentials_ = example_credentials("token");
};

TEST_F(Redshift, GetsClusterCredentials) {
  fixture_.http.answer(
      200, R"(<GetClusterCredentialsResponse xmlns="http://redshift.amazonaws.com/doc/2012-12-01/">
    <GetClusterCredentialsResult><DbUser>IAMA:app_rw:readers</DbUser><DbPassword>AMAFUyyu&lt;&amp;x</DbPassword>
    <Expiration>2026-01-02T03:19:05.123Z</Expiration></GetClusterCredentialsResult>
    <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></GetClusterCredentialsResponse>)");
  const auto user = redshift_.get_cluster_credentials({.region = "eu-west-1",
                                                       .cluster_identifier = "my-cluster",
                                                       .db_user = "app_rw",
                                                       .db_name = "dev",
                                                       .auto_create = true,
                                                       .db_groups = {"readers", "writers"},
                                                       .duration = std::chrono::seconds(1800)},
                                                      credentials_, fixture_.deadline);
  ASSERT_TRUE(user) << user.error().text();
  EXPECT_EQ(user->user, "IAMA:app_rw:readers") << "the prefix is part of the start-up user";
  EXPECT_EQ(user->password.reveal(), "AMAFUyyu<&x");
  EXPECT_EQ(user->expires_at, *base::parse_iso8601("2026-01-02T03:19:05.123Z"));
  EXPECT_EQ(user->request_id, "r-1");
  const auto& sent = fixture_.http.sent().at(0);
  EXPECT_EQ(sent.url, "https://redshift.eu-west-1.amazonaws.com/");
  EXPECT_EQ(sent.body,
            "Action=GetClusterCredentials&Version=2012-12-01&ClusterIdentifier=my-cluster&DbUser=app_rw&"
            "DbName=dev&AutoCreate=true"
            "&DbGroups.DbGroup.1=readers&DbGroups.DbGroup.2=writers&DurationSeconds=1800");
  EXPECT_THAT(sent.header("Authorization"), HasSubstr("/eu-west-1/redshift/aws4_request"));
}

TEST_F(Redshift, LeavesOutWhatIsNotAskedFor) {
  fixture_.http.answer(500, "");
  (void)redshift_.get_cluster_credentials({.region = "eu-west-1",
                                           .cluster_identifier = "c",
                                           .db_user = "u",
                                           .db_name = {},
                                           .db_groups = {},
                                           .duration = {}},
                                          credentials_, fixture_.deadline);
  EXPECT_EQ(fixture_.http.sent().at(0).body,
            "Action=GetClusterCredentials&Version=2012-12-01&ClusterIdentifier=c&DbUser=u");
}

TEST_F(Redshift, FindsTheEndpoint) {
  fixture_.http.answer(
      200, describe_answer(
               "<Cluster><ClusterStatus>available</ClusterStatus><Endpoint><Port>5439</Port>"
               "<Address>my-cluster.abc.eu-west-1.redshift.amazonaws.com</Address></Endpoint></Cluster>"));
  const auto endpoint = redshift_.endpoint("eu-west-1", "my-cluster", credentials_, fixture_.deadline);
  ASSERT_TRUE(endpoint) << endpoint.error().text();
  EXPECT_EQ(endpoint->host, "my-cluster.abc.eu-west-1.redshift.amazonaws.com");
  EXPECT_EQ(endpoint->port, 5439);
  EXPECT_EQ(fixture_.http.sent().at(0).body,
            "Action=DescribeClusters&Version=2012-12-01&ClusterIdentifier=my-cluster");
}

TEST_F(Redshift, SaysThatAClusterHasNoEndpointYet) {
  for (const char* endpoint : {"", "<Endpoint/>", "<Endpoint><Port>5439</Port></Endpoint>"}) {
    fixture_.http.answer(200, describe_answer(fmt::format(
                                  "<Cluster>{}<ClusterStatus>creating</ClusterStatus></Cluster>", endpoint)));
    const auto result = redshift_.endpoint("eu-west-1", "my-cluster", credentials_, fixture_.deadline);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, "endpoint_not_ready");
    EXPECT_EQ(result.error().message,
              "Redshift cluster 'my-cluster' has no endpoint: its status is 'creating'.");
    EXPECT_TRUE(result.error().retryable);
  }
  fixture_.http.answer(200, describe_answer("<Cluster><ClusterStatus>paused</ClusterStatus></Cluster>"));
  const auto paused = redshift_.endpoint("eu-west-1", "my-cluster", credentials_, fixture_.deadline);
  EXPECT_EQ(paused.error().hint, "Resume it.");
  EXPECT_FALSE(paused.error().retryable);
}

TEST_F(Redshift, SaysThatThereIsNoSuchCluster) {
  fixture_.http.answer(
      404,
      R"(<ErrorResponse><Error><Type>Sender</Type><Code>ClusterNotFound</Code><Message>Cluster my-cluster not found.</Message>
    </Error><RequestId>r</RequestId></ErrorResponse>)");
  EXPECT_EQ(redshift_.endpoint("eu-west-1", "my-cluster", credentials_, fixture_.deadline).error().code,
            "cluster_not_found");
  fixture_.http.answer(200, describe_answer(""));
  EXPECT_EQ(redshift_.endpoint("eu-west-1", "my-cluster", credentials_, fixture_.deadline).error().code,
            "cluster_not_found");
}

}  // namespace
}  // namespace rolegate::aws
