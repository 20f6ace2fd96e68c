#include "config/read/aws_names.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/role_session_name.hpp"
#include "config/text/report.hpp"

namespace rolegate::config {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

/// \w of AWS's patterns, ASCII, and some more characters.
bool is_word(std::string_view text, std::string_view more) {
  return std::ranges::all_of(text, [more](char c) {
    return base::is_alphanumeric(c) || c == '_' || more.find(c) != std::string_view::npos;
  });
}

bool has_region_form(std::string_view region) {
  std::size_t labels = 0;
  for (;; ++labels) {
    const std::size_t hyphen = region.find('-');
    if (hyphen == std::string_view::npos) break;
    const std::string_view label = region.substr(0, hyphen);
    if (label.size() < (labels == 0 ? 2u : 1u) || !std::ranges::all_of(label, is_lower)) return false;
    region.remove_prefix(hyphen + 1);
  }
  return labels >= 2 && !region.empty() && region.size() <= 2 && std::ranges::all_of(region, base::is_digit);
}

std::optional<NameFault> check_length(std::string_view text, std::size_t low, std::size_t high) {
  if (text.size() >= low && text.size() <= high) return std::nullopt;
  return NameFault{fmt::format("has {} character{}.", text.size(), text.size() == 1 ? "" : "s"),
                   fmt::format("It must have {} to {}.", low, high)};
}

}  // namespace

std::optional<NameFault> check_region(std::string_view region) {
  if (has_region_form(region)) return std::nullopt;
  if (region.size() > 1 && is_lower(region.back()) && has_region_form(region.substr(0, region.size() - 1))) {
    return NameFault{fmt::format("{} is an Availability Zone.", quoted(region)),
                     fmt::format("Its region is {}.", region.substr(0, region.size() - 1))};
  }
  return NameFault{fmt::format("{} does not have the form of an AWS region.", quoted(region)),
                   "Write it as in eu-west-1."};
}

std::optional<NameFault> check_external_id(std::string_view id) {
  if (auto fault = check_length(id, 2, 1224)) return fault;
  if (is_word(id, "+=,.@:/-")) return std::nullopt;
  return NameFault{"holds a character that AWS does not take.",
                   "Letters, digits and _+=,.@:/- may be in it."};
}

std::optional<NameFault> check_role_session_name(std::string_view name) {
  if (base::is_role_session_name(name)) return std::nullopt;
  if (auto fault = check_length(name, 2, 64)) return fault;
  return NameFault{"holds a character that AWS does not take.", "Letters, digits and _+=,.@- may be in it."};
}

std::optional<NameFault> check_workgroup_name(std::string_view name) {
  if (auto fault = check_length(name, 3, 64)) return fault;
  if (std::ranges::all_of(name, [](char c) { return is_lower(c) || base::is_digit(c) || c == '-'; }))
    return std::nullopt;
  return NameFault{"holds a character that AWS does not take.",
                   "Lower-case letters, digits and hyphens may be in it."};
}

std::optional<NameFault> check_cluster_identifier(std::string_view id) {
  if (auto fault = check_length(id, 1, 63)) return fault;
  if (!std::ranges::all_of(id, [](char c) { return is_lower(c) || base::is_digit(c) || c == '-'; })) {
    return NameFault{
        "holds a character that AWS does not take.",
        "Lower-case letters, digits and hyphens may be in it; write the name, not the host or the ARN."};
  }
  if (!is_lower(id.front())) return NameFault{"does not begin with a letter.", {}};
  if (id.back() == '-') return NameFault{"ends with a hyphen.", {}};
  if (id.find("--") != std::string_view::npos) return NameFault{"holds two hyphens in a row.", {}};
  return std::nullopt;
}

}  // namespace rolegate::config
