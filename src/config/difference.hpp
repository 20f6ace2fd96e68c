#pragma once

#include <vector>

#include "config/snapshot.hpp"

namespace rolegate::config {

/// What somebody who knows one snapshot has to do to be where another one is.
struct Difference {
  struct Change {
    DirectoryEntry before;
    DirectoryEntry after;
  };

  // By name. A database that went and came back is among the removed and among the added ones.
  std::vector<DirectoryEntry> added;
  std::vector<DirectoryEntry> removed;
  std::vector<Change> changed;
  bool users = false;                  ///< who may log in, and to what
  bool gateway = false;                ///< anything of the gateway's section, its users too
  bool aws_database_iam_auth = false;  ///< the feature flag
};

/// Costs about what it finds, when one of the two follows from the other.
[[nodiscard]] Difference difference(const Snapshot& before, const Snapshot& after);

}  // namespace rolegate::config
