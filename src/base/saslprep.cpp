#include "base/saslprep.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <stringprep.h>

#include "base/fork_pause.hpp"
#include "base/utf8.hpp"

namespace rolegate::base {
namespace {

/// libidn's steps in PostgreSQL's order: what is prohibited is looked for before characters are composed, not
/// after.
std::vector<Stringprep_profile> make_profile() {
  const auto composes = [](const Stringprep_profile& step) { return step.operation == STRINGPREP_NFKC; };
  std::vector<Stringprep_profile> steps;
  const Stringprep_profile* step = stringprep_saslprep;
  for (; step->operation != 0; ++step) {
    if (!composes(*step)) steps.push_back(*step);
  }
  steps.push_back({STRINGPREP_NFKC, {}, nullptr, 0});
  steps.push_back(*step);  // which ends the list
  return steps;
}

const std::vector<Stringprep_profile>& profile() { return made_once<make_profile>(); }

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

Secret saslprep(std::string_view password) {
  if (is_ascii(password) || !is_utf8(password) || password.find('\0') != std::string_view::npos) {
    return Secret(password);
  }
  // U+FDFA becomes 18 characters, 11 bytes for each of its own; nothing becomes more.
  constexpr std::size_t kGrowth = 11;
  std::string prepared(kGrowth * password.size() + 1, '\0');
  const WipeAtEnd wipe(prepared);
  password.copy(prepared.data(), password.size());
  const int refused =
      ::stringprep(prepared.data(), prepared.size(), STRINGPREP_NO_UNASSIGNED, profile().data());
  const std::string_view text = prepared.c_str();
  return Secret(refused != STRINGPREP_OK || text.empty() ? password : text);
}

}  // namespace rolegate::base
