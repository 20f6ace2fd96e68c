#include "gateway/session/identify.hpp"

#include <gtest/gtest.h>

namespace rolegate::gateway {
namespace {

std::string application_name(NamedValues parameters, std::string_view user) {
  identify_in_parameters(parameters, user);
  EXPECT_EQ(parameters.back().first, "application_name") << "the last one of a name counts";
  for (std::size_t i = 0; i + 1 < parameters.size(); ++i) EXPECT_EQ(parameters[i].first, "DateStyle");
  return parameters.back().second;
}

TEST(Identify, PutsTheUserBeforeTheApplicationsName) {
  EXPECT_EQ(application_name({}, "alice"), "alice");
  EXPECT_EQ(application_name({{"application_name", "psql"}, {"DateStyle", "ISO"}}, "alice"), "alice: psql");
}

TEST(Identify, LeavesNoOtherApplicationName) {
  EXPECT_EQ(application_name({{"application_name", "one"}, {"application_name", "two"}}, "alice"),
            "alice: two");
  EXPECT_EQ(application_name({{"Application_Name", "bob: psql"}}, "alice"), "alice: bob: psql");
}

TEST(Identify, CutsWhatTheServerWouldCutAndNoCharacterInHalves) {
  EXPECT_EQ(application_name({{"application_name", std::string(100, 'x')}}, "alice"),
            "alice: " + std::string(56, 'x'));
  EXPECT_EQ(application_name({}, std::string(128, 'u')), std::string(63, 'u'));
  std::string umlauts;
  for (int i = 0; i < 40; ++i) umlauts += "ü";
  EXPECT_EQ(application_name({}, umlauts), umlauts.substr(0, 62));
}

TEST(Identify, PutsTheUserBeforeAllAttributes) {
  EXPECT_EQ(identified_attributes("\x4name\x3lib\xDrolegate_user\x4root\x7program\x1x", "alice"),
            "\xDrolegate_user\x5"
            "alice\x4name\x3lib\x7program\x1x");
  EXPECT_EQ(identified_attributes("", "alice"),
            "\xDrolegate_user\x5"
            "alice");
}

/// A server takes no login with more attributes than that.
TEST(Identify, LeavesOutAttributesThatThereIsNoRoomForAnyMore) {
  const std::string first = "\x1k\xFC\xF0\xFF" + std::string(0xFFF0, 'v');
  const std::string identified = identified_attributes(first + "\x1s\x1v", "alice");
  EXPECT_EQ(identified, identified_attributes("\x1s\x1v", "alice"));
  const std::string fits = "\x1k\xFC\xC0\xFF" + std::string(0xFFC0, 'v');
  EXPECT_EQ(identified_attributes(fits, "alice").size(), 20 + fits.size());
}

TEST(Identify, EndsWhereAttributesAreMalformed) {
  EXPECT_EQ(identified_attributes("\x1k\x1v\x7short", "alice"), identified_attributes("\x1k\x1v", "alice"));
}

}  // namespace
}  // namespace rolegate::gateway
