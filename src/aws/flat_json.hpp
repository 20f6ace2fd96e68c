#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.hpp"

namespace rolegate::aws {

/// The scalars of a JSON object by their JSON Pointer (RFC 6901: "/workgroup/endpoint/port"), without a
/// document tree whose memory nobody wipes: the strings here are wiped at destruction. What is in arrays is
/// checked and left out. Refused, with a reason: what is no object, is not JSON, has a name twice in an
/// object (readers differ in which one they take), or is larger than such answers are.
class FlatJson {
 public:
  using Scalar = std::variant<std::string, double, bool, std::nullptr_t>;

  explicit FlatJson(std::string_view text);
  FlatJson(const FlatJson&) = delete;
  FlatJson& operator=(const FlatJson&) = delete;
  ~FlatJson();

  /// Why the text cannot be used, as in "has dbUser more than once"; empty when it can.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// Null when there is none.
  [[nodiscard]] const Scalar* find(std::string_view pointer) const;
  /// A string; empty when there is none or it is of another type.
  [[nodiscard]] std::string_view string(std::string_view pointer) const;

 private:
  std::map<std::string, Scalar, std::less<>> scalars_;
  std::string problem_;
};

}  // namespace rolegate::aws
