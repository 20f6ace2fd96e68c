#include "base/database_endpoint.hpp"

#include <gtest/gtest.h>

namespace rolegate::base {
namespace {

using Kind = DatabaseEndpoint::Kind;
using Service = DatabaseEndpoint::Service;

struct Form {
  const char* host;
  Service service;
  Kind kind;
  const char* region;
  const char* partition;
};

const Form kForms[] = {
    {"db.c8x.eu-west-1.rds.amazonaws.com", Service::rds, Kind::instance, "eu-west-1", "aws"},
    {"DB.C8x.US-EAST-1.RDS.AmazonAWS.com.", Service::rds, Kind::instance, "us-east-1", "aws"},
    {"o.cluster-c8x.eu-west-1.rds.amazonaws.com", Service::rds, Kind::cluster, "eu-west-1", "aws"},
    {"o.cluster-ro-c8x.eu-west-1.rds.amazonaws.com", Service::rds, Kind::reader, "eu-west-1", "aws"},
    {"o.cluster-custom-c8x.il-central-1.rds.amazonaws.com", Service::rds, Kind::custom, "il-central-1",
     "aws"},
    {"o.shardgrp-c8x.eu-west-1.rds.amazonaws.com", Service::rds, Kind::shard_group, "eu-west-1", "aws"},
    {"o.limitless-c8x.eu-west-1.rds.amazonaws.com", Service::rds, Kind::shard_group, "eu-west-1", "aws"},
    {"o.global-c8x.global.rds.amazonaws.com", Service::rds, Kind::global, "", "aws"},
    {"p.proxy-c8x.eu-west-1.rds.amazonaws.com", Service::rds, Kind::proxy, "eu-west-1", "aws"},
    {"ro.endpoint.proxy-c8x.eu-west-1.rds.amazonaws.com", Service::rds, Kind::proxy, "eu-west-1", "aws"},
    {"db.c8x.us-gov-west-1.rds.amazonaws.com", Service::rds, Kind::instance, "us-gov-west-1", "aws-us-gov"},
    {"db.c8x.rds.us-gov-east-1.amazonaws.com", Service::rds, Kind::instance, "us-gov-east-1", "aws-us-gov"},
    {"db.c8x.rds.cn-north-1.amazonaws.com.cn", Service::rds, Kind::instance, "cn-north-1", "aws-cn"},
    {"o.cluster-ro-c8x.rds.cn-northwest-1.amazonaws.com.cn", Service::rds, Kind::reader, "cn-northwest-1",
     "aws-cn"},
    {"p.proxy-c8x.rds.cn-north-1.amazonaws.com.cn", Service::rds, Kind::proxy, "cn-north-1", "aws-cn"},
    {"db.c8x.cn-north-1.rds.amazonaws.com.cn", Service::rds, Kind::instance, "cn-north-1", "aws-cn"},
    {"o.cluster-c8x.eusc-de-east-1.rds.amazonaws.eu", Service::rds, Kind::cluster, "eusc-de-east-1",
     "aws-eusc"},
    {"db.c8x.us-iso-east-1.rds.c2s.ic.gov", Service::rds, Kind::instance, "us-iso-east-1", "aws-iso"},
    {"db.c8x.rds.us-isob-east-1.sc2s.sgov.gov", Service::rds, Kind::instance, "us-isob-east-1", "aws-iso-b"},
    {"db.c8x.eu-isoe-west-1.rds.cloud.adc-e.uk", Service::rds, Kind::instance, "eu-isoe-west-1", "aws-iso-e"},
    {"db.c8x.us-isof-south-1.rds.csp.hci.ic.gov", Service::rds, Kind::instance, "us-isof-south-1",
     "aws-iso-f"},
    {"c.c8x.eu-west-1.redshift.amazonaws.com", Service::redshift, Kind::cluster, "eu-west-1", "aws"},
    {"c.c8x.cn-north-1.redshift.amazonaws.com.cn", Service::redshift, Kind::cluster, "cn-north-1", "aws-cn"},
    {"wg.222222222222.eu-west-1.redshift-serverless.amazonaws.com", Service::redshift_serverless,
     Kind::workgroup, "eu-west-1", "aws"},
    {"wg.222222222222.cn-north-1.redshift-serverless.amazonaws.com.cn", Service::redshift_serverless,
     Kind::workgroup, "cn-north-1", "aws-cn"},
    {"4iabt.dsql.us-east-1.on.aws", Service::dsql, Kind::cluster, "us-east-1", "aws"},
    {"4iabt.dsql-fnh4.us-east-1.on.aws", Service::dsql, Kind::cluster, "us-east-1", "aws"},
};

class EndpointForm : public testing::TestWithParam<Form> {};

TEST_P(EndpointForm, IsKnown) {
  const Form& form = GetParam();
  const auto endpoint = database_endpoint(form.host);
  ASSERT_TRUE(endpoint) << form.host;
  EXPECT_EQ(endpoint->service, form.service) << form.host;
  EXPECT_EQ(endpoint->kind, form.kind) << form.host;
  EXPECT_EQ(endpoint->region, form.region) << form.host;
  EXPECT_EQ(endpoint->partition->name, form.partition) << form.host;
}

INSTANTIATE_TEST_SUITE_P(Database, EndpointForm, testing::ValuesIn(kForms));

TEST(DatabaseEndpoint, IsNoOtherName) {
  for (const char* host : {
           "",
           ".",
           "localhost",
           "127.0.0.1",
           "::1",
           "db.example.com",
           "rds.amazonaws.com",
           "xrds.amazonaws.com",
           "rds.eu-west-1.amazonaws.com",  // the service's own API
           "db.eu-west-1.rds.amazonaws.com",
           "db..eu-west-1.rds.amazonaws.com",
           ".c8x.eu-west-1.rds.amazonaws.com",
           "db.c8x.eu-west-1.rds.amazonaws.com..",
           "db.c8x.eu-west-1.rds.amazonaws.com.evil.example",
           "db.c8x.eu-west-1.rds.amazonaw.com",
           "db.c8x.eu-west-1.rds.evilamazonaws.com",
           "db.c8x.eu-west-1.s3.amazonaws.com",
           "db.c8x.eu-west-1.rds.amazonaws.com.cn",  // a region of another partition
           "db.c8x.cn-north-1.rds.amazonaws.com",
           "db.c8x.eu-west-1.rds.amazonaws.eu",
           "db.c8x.nowhere.rds.amazonaws.com",
           "db.c8x.global.rds.amazonaws.com",
           "o.global-c8x.eu-west-1.rds.amazonaws.com",
           "dsql.us-east-1.on.aws",
           "x.dsqlx.us-east-1.on.aws",
           "db.c8x.eu-west-1.on.aws",
       }) {
    EXPECT_FALSE(database_endpoint(host)) << host;
  }
}

}  // namespace
}  // namespace rolegate::base
