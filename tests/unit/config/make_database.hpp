#pragma once

#include <string>
#include <utility>

#include "config/database.hpp"

namespace rolegate::config {

/// A valid one for PostgreSQL.
inline Database make_database(std::string name) {
  Database database;
  database.name = std::move(name);
  database.uri.host = "orders.cluster-cabcdefghijk.eu-west-1.rds.amazonaws.com";
  database.uri.database = "app";
  database.aws_iam.emplace();
  database.aws_iam->region = "eu-west-1";
  database.aws_iam->db_username = "app_rw";
  database.file = "rolegate.yaml";
  database.line = 3;
  return database;
}

}  // namespace rolegate::config
