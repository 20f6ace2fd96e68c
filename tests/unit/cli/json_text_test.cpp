#include "cli/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace rolegate::cli {
namespace {

namespace json = boost::json;

TEST(JsonText, WritesNumbersWithoutExponents) {
  EXPECT_EQ(json_text(json::array{1.5, 0.012, 1e9, 0.0, -2.25, 7, 18446744073709551615ULL}),
            "[1.5,0.012,1000000000,0,-2.25,7,18446744073709551615]");
}

TEST(JsonText, WritesAllElseAsItIs) {
  const std::string text = R"({"a":[],"b":{},"c":[null,true,"x\n\"ä"],"d":{"e":[1,{"f":2}]}})";
  EXPECT_EQ(json_text(json::parse(text)), text);
}

TEST(JsonText, EscapesWhatATerminalObeys) {
  EXPECT_EQ(json_text(json::object{{"\x7F", "\xC2\x85\xE2\x81\xA6"}}), "{\"\\u007f\":\"\\u0085\\u2066\"}");
}

}  // namespace
}  // namespace rolegate::cli
