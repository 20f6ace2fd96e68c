#include <gtest/gtest.h>

#include "unit/wire/pg_script.hpp"
#include "wire/pg/md5_password.hpp"

namespace rolegate::wire::pg {
namespace {

// Accepted by PostgreSQL 15.18.
TEST(PgMd5Password, IsWhatPostgresqlAccepts) {
  EXPECT_EQ(md5_password("m", "pencil", script::from_hex("6b06680c"))->reveal(),
            "md50df68cc32d378a32ff84c518a4db1ae4");
}

// Python: 'md5' + md5(md5(b'pencilm').hexdigest().encode() + bytes(4)).hexdigest(), and with nothing at all.
TEST(PgMd5Password, TakesNulsInTheSaltAndEmptyTexts) {
  EXPECT_EQ(md5_password("m", "pencil", script::from_hex("00000000"))->reveal(),
            "md5b47d1165a77319cee514b0f37c183e60");
  EXPECT_EQ(md5_password("", "", script::from_hex("00000000"))->reveal(),
            "md591b86670dcd47857d222fa05653500aa");
}

}  // namespace
}  // namespace rolegate::wire::pg
