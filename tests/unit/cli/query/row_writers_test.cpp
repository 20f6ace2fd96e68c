#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "cli/query/csv_writer.hpp"
#include "cli/query/json_writer.hpp"
#include "cli/query/table_writer.hpp"
#include "cli/query_command.hpp"
#include "unit/cli/string_output.hpp"

namespace rolegate::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Rows = std::vector<std::vector<Cell>>;

void give(RowWriter& writer, std::vector<Column> columns, const Rows& rows) {
  writer.begin_result(std::move(columns));
  for (const auto& row : rows) writer.row(row);
  writer.end_result(rows.size());
}

template <typename Writer>
std::string written(std::vector<Column> columns, const Rows& rows, Style style = {}) {
  StringOutput out(style);
  Writer writer(out);
  give(writer, std::move(columns), rows);
  writer.finish();
  return out.text();
}

TEST(CsvWriter, WritesAHeaderAndQuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(written<CsvWriter>({{"id"}, {"a,b"}}, {{"1", "plain"}, {"2", "say \"hi\""}, {"3", "two\nlines"}}),
            "id,\"a,b\"\n1,plain\n2,\"say \"\"hi\"\"\"\n3,\"two\nlines\"\n");
}

TEST(CsvWriter, TellsNullFromTheEmptyString) {
  EXPECT_EQ(written<CsvWriter>({{"a"}, {"b"}}, {{std::nullopt, ""}}), "a,b\n,\"\"\n");
}

TEST(CsvWriter, QuotesCopysEndMark) { EXPECT_EQ(written<CsvWriter>({{"a"}}, {{"\\."}}), "a\n\"\\.\"\n"); }

TEST(CsvWriter, SetsResultsApart) {
  StringOutput out;
  CsvWriter writer(out);
  give(writer, {{"a"}}, {{"1"}});
  give(writer, {{"b"}}, {});
  EXPECT_EQ(out.text(), "a\n1\n\nb\n");
}

TEST(JsonWriter, KeepsTypes) {
  const std::string text =
      written<JsonWriter>({{"n", ColumnType::number},
                           {"t", ColumnType::text},
                           {"b", ColumnType::boolean},
                           {"j", ColumnType::json},
                           {"z", ColumnType::number}},
                          {{"12345678901234567890.10", "12", "t", R"({"k": [1]})", std::nullopt}});
  EXPECT_EQ(text,
            "[{\"n\":12345678901234567890.10,\"t\":\"12\",\"b\":true,\"j\":{\"k\": [1]},\"z\":null}]\n");
}

TEST(JsonWriter, QuotesNumbersThatJsonHasNot) {
  EXPECT_EQ(written<JsonWriter>({{"n", ColumnType::number}}, {{"NaN"}, {"-Infinity"}, {"007"}}),
            "[{\"n\":\"NaN\"},\n {\"n\":\"-Infinity\"},\n {\"n\":\"007\"}]\n");
}

TEST(JsonWriter, DoesNotTakeBrokenJsonOverFromTheDatabase) {
  EXPECT_EQ(written<JsonWriter>({{"j", ColumnType::json}}, {{"1}, {\"admin\":true"}}),
            "[{\"j\":\"1}, {\\\"admin\\\":true\"}]\n");
}

TEST(JsonWriter, KeepsTheNamesOfColumns) {
  EXPECT_EQ(written<JsonWriter>({{"a"}, {"a"}, {"a_2"}}, {{"1", "2", "3"}}),
            "[{\"a\":\"1\",\"a\":\"2\",\"a_2\":\"3\"}]\n");
}

TEST(JsonWriter, EscapesWhatATerminalObeys) {
  const std::string nasty = "\x7F \xC2\x9B \xE2\x80\xAE \xC3\xA4";
  const std::string escaped = "\\u007f \\u009b \\u202e \xC3\xA4";
  EXPECT_EQ(written<JsonWriter>({{nasty}, {"j", ColumnType::json}}, {{nasty, "\"" + nasty + "\""}}),
            "[{\"" + escaped + "\":\"" + escaped + "\",\"j\":\"" + escaped + "\"}]\n");
}

TEST(CsvWriter, EscapesWhatATerminalObeysThereAlone) {
  const std::string nasty = "a\x1B[2J\xC2\x9B\nb";
  for (const bool terminal : {true, false}) {
    StringOutput out(Style{.terminal = terminal});
    CsvWriter writer(out);
    writer.begin_result({{nasty}});
    const std::vector<Cell> cells{nasty};
    writer.row(cells);
    const std::string shown = terminal ? "a\\x1b[2J\\x9b\nb" : nasty;
    EXPECT_EQ(out.text(), "\"" + shown + "\"\n\"" + shown + "\"\n");
  }
}

TEST(JsonWriter, ReplacesBytesThatAreNoUtf8) {
  EXPECT_EQ(written<JsonWriter>({{"a\xFF"}}, {{"b\xFE"}}), "[{\"a\xEF\xBF\xBD\":\"b\xEF\xBF\xBD\"}]\n");
}

TEST(JsonWriter, GivesAnEmptyArrayForNoRowsAndForNoResult) {
  EXPECT_EQ(written<JsonWriter>({{"a"}}, {}), "[]\n");
  StringOutput out;
  JsonWriter writer(out);
  writer.finish();
  EXPECT_EQ(out.text(), "[]\n");
}

TEST(JsonWriter, WritesWhatAJsonReaderReads) {
  const std::string nasty("quote\" back\\slash \x01 \n 世界");
  const auto parsed = boost::json::parse(written<JsonWriter>({{nasty}}, {{nasty}, {nasty}})).as_array();
  ASSERT_EQ(parsed.size(), 2u);
  EXPECT_EQ(parsed[1].as_object().at(nasty).as_string(), nasty);
}

TEST(IsJsonNumber, FollowsTheGrammar) {
  for (const char* yes : {"0", "-0", "12", "1.5", "-1.5e10", "1E+5", "0.001"})
    EXPECT_TRUE(is_json_number(yes)) << yes;
  for (const char* no :
       {"", "-", "+1", "01", "1.", ".5", "1e", "1e+", "0x1", "NaN", "1 ", " 1", "1,5", "--1"}) {
    EXPECT_FALSE(is_json_number(no)) << no;
  }
}

TEST(TableWriter, DrawsATableLikePsql) {
  EXPECT_EQ(
      written<TableWriter>({{"id", ColumnType::number}, {"name"}}, {{"1", "Grüße"}, {"20", std::nullopt}}),
      " id | name\n"
      "----+-------\n"
      "  1 | Grüße\n"
      " 20 | NULL\n"
      "(2 rows)\n");
}

TEST(TableWriter, UsesBoxLinesAndDimsNullWhereItMay) {
  const Style style{.terminal = true, .colour = true, .unicode = true};
  EXPECT_EQ(written<TableWriter>({{"a"}, {"b"}}, {{std::nullopt, "x"}}, style),
            "  \x1b[1ma\x1b[0m   │ \x1b[1mb\x1b[0m\n──────┼───\n \x1b[2mNULL\x1b[0m │ x\n(1 row)\n");
}

TEST(TableWriter, EscapesWhatWouldMoveTheCursor) {
  EXPECT_THAT(written<TableWriter>({{"a\x1b]0;"}}, {{"\x1b[2J\n"}}), HasSubstr("a\\x1b]0;"));
  EXPECT_THAT(written<TableWriter>({{"a"}}, {{"\x1b[2J\n"}}), HasSubstr(" \\x1b[2J\\n\n"));
}

TEST(TableWriter, HoldsBackAWindowOnlyAndThenKeepsItsWidths) {
  StringOutput out;
  TableWriter writer(out);
  writer.begin_result({{"n"}, {"m"}});
  const std::vector<Cell> narrow{"ab", "x"};
  for (std::size_t i = 0; i + 1 < TableWriter::kWindowRows; ++i) writer.row(narrow);
  EXPECT_EQ(out.text(), "") << "widths are not known yet";
  writer.row(narrow);
  EXPECT_THAT(out.text(), StartsWith(" n  | m\n----+---\n ab | x\n"));
  const std::vector<Cell> wide{"abcdef", "y"};
  writer.row(wide);
  EXPECT_THAT(out.text(), EndsWith(" ab | x\n abcdef | y\n"));
}

TEST(TableWriter, BoundsTheWindowInBytesToo) {
  StringOutput out;
  TableWriter writer(out);
  writer.begin_result({{"n"}});
  const std::string large(TableWriter::kWindowBytes, 'x');
  const std::vector<Cell> row{large};
  writer.row(row);
  EXPECT_THAT(out.text().size(), testing::Gt(large.size()));
}

TEST(RowWriters, SayWhenNobodyTakesTheRows) {
  for (const auto format : {RowFormat::csv, RowFormat::json, RowFormat::automatic}) {
    StringOutput out(Style{.terminal = true});
    const auto writer = make_row_writer(format, out);
    EXPECT_TRUE(writer->wanted());
    out.fail_with(EPIPE);
    out.write("x");
    out.flush();
    EXPECT_FALSE(writer->wanted());
  }
}

TEST(RowWriters, AreATableOnATerminalAndCsvElsewhere) {
  StringOutput terminal(Style{.terminal = true});
  StringOutput file;
  EXPECT_NE(dynamic_cast<TableWriter*>(make_row_writer(RowFormat::automatic, terminal).get()), nullptr);
  EXPECT_NE(dynamic_cast<CsvWriter*>(make_row_writer(RowFormat::automatic, file).get()), nullptr);
  EXPECT_NE(dynamic_cast<CsvWriter*>(make_row_writer(RowFormat::csv, terminal).get()), nullptr);
}

}  // namespace
}  // namespace rolegate::cli
