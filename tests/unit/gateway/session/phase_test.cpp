#include "gateway/session/phase.hpp"

#include <array>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace rolegate::gateway {
namespace {

constexpr std::array kPhases{"login", "connecting", "relaying", "leaving", "over"};
constexpr std::array kEvents{"database_chosen", "database_ready", "user_changes", "dismissed", "gone"};

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream row(line.substr(2));
  for (std::string cell; std::getline(row, cell, '|');) {
    const auto end = cell.find_last_not_of(' ');
    const auto begin = cell.find_first_not_of(' ');
    if (begin != std::string::npos) cells.push_back(cell.substr(begin, end - begin + 1));
  }
  return cells;
}

/// The table of gateway/README.md: phase → its row.
std::map<std::string, std::vector<std::string>> readme_table() {
  std::ifstream readme(ROLEGATE_SOURCE_DIR "/src/gateway/README.md");
  std::map<std::string, std::vector<std::string>> table;
  bool inside = false;
  for (std::string line; std::getline(readme, line);) {
    inside = line.starts_with("| phase |") || (inside && line.starts_with("|"));
    if (!inside) continue;
    std::vector<std::string> row = cells(line);
    const std::string phase = row.front();
    row.erase(row.begin());
    table[phase] = std::move(row);
  }
  return table;
}

TEST(Phase, FollowsTheTableOfTheReadme) {
  const auto table = readme_table();
  const std::vector<std::string> events(kEvents.begin(), kEvents.end());
  ASSERT_EQ(table.at("phase"), events);
  for (std::size_t phase = 0; phase < kPhases.size(); ++phase) {
    const std::vector<std::string>& row = table.at(kPhases.at(phase));
    ASSERT_EQ(row.size(), kEvents.size());
    for (std::size_t event = 0; event < kEvents.size(); ++event) {
      const auto next = phase_after(static_cast<Phase>(phase), static_cast<PhaseEvent>(event));
      EXPECT_EQ(next ? kPhases.at(static_cast<std::size_t>(*next)) : std::string("–"), row[event])
          << kPhases.at(phase) << ", " << kEvents.at(event);
    }
  }
}

}  // namespace
}  // namespace rolegate::gateway
