#include "base/error.hpp"

#include <gtest/gtest.h>

namespace rolegate::base {
namespace {

enum class Errc { refused, lost };
enum class OtherErrc { refused };

constexpr std::string_view code_name(Errc code) { return code == Errc::refused ? "refused" : "lost"; }
constexpr std::string_view code_name(OtherErrc) { return "refused_by_another"; }

TEST(Error, IsOfItsCodeOnly) {
  const Error error = make_error(Errc::refused, "It was refused.");
  EXPECT_TRUE(error.is(Errc::refused));
  EXPECT_FALSE(error.is(Errc::lost));
  EXPECT_FALSE(error.is(OtherErrc::refused));
}

}  // namespace
}  // namespace rolegate::base
