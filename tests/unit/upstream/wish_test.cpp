#include "upstream/wish.hpp"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace rolegate::upstream {
namespace {

const config::DatabasePtr kOrders = std::make_shared<const config::Database>();

TEST(Wish, IsAnotherOneWhenAnythingOfItDiffers) {
  const auto sales = std::make_shared<const config::Database>();
  const std::vector<Wish> wishes{
      {kOrders, PgWish{}},
      {sales, PgWish{}},  // with settings that are all the same
      {kOrders, PgWish{"app", {}}},
      {kOrders, PgWish{"", {{"application_name", "talk"}}}},
      {kOrders, PgWish{"", {{"application_name", "walk"}}}},
      {kOrders, PgWish{"", {{"a", "1"}, {"b", "2"}}}},
      {kOrders, PgWish{"", {{"b", "2"}, {"a", "1"}}}},
      {kOrders, MysqlWish{"", 0, 1, 45, ""}},
      {kOrders, MysqlWish{"app", 0, 1, 45, ""}},
      {kOrders, MysqlWish{"", 1, 1, 45, ""}},
      {kOrders, MysqlWish{"", 0, 2, 45, ""}},
      {kOrders, MysqlWish{"", 0, 1, 8, ""}},
      {kOrders, MysqlWish{"", 0, 1, 45, "attributes"}},
  };
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    for (std::size_t j = 0; j < wishes.size(); ++j) {
      EXPECT_EQ(wishes[i] == wishes[j], i == j) << i << " and " << j;
      // Equal ones must have the same; that others have another one is luck, but luck that stays.
      EXPECT_EQ(hash_value(Wish(wishes[i])) == hash_value(wishes[j]), i == j) << i << " and " << j;
    }
  }
}

}  // namespace
}  // namespace rolegate::upstream
