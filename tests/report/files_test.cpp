// A report is written completely, into a directory that is created if missing; an error names the
// file.
#include "apps/report/page/files.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/report/synthetic_report.hpp"

namespace millrace::report {
namespace {

namespace fs = std::filesystem;

class ReportFiles : public testing::Test {
 protected:
  ReportFiles() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::path(testing::TempDir()) / (std::string("millrace report ") + test->name());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~ReportFiles() override { fs::remove_all(root_); }

  [[nodiscard]] const fs::path& root() const { return root_; }

 private:
  fs::path root_;
};

TEST_F(ReportFiles, BothFilesAreWrittenCompletely) {
  const fs::path directory = root() / "deep" / "out";
  ASSERT_TRUE(write_report(synthetic_report(1, 2000), directory));
  ASSERT_TRUE(write_report(synthetic_failure(1, 2000), directory)) << "a second run overwrites";
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) names.insert(entry.path().filename());
  EXPECT_EQ(names, (std::set<std::string>{"index.html", "report.json"}));
  std::ifstream page(directory / "index.html");
  const std::string html(std::istreambuf_iterator<char>(page), {});
  EXPECT_TRUE(html.ends_with("</html>\n"));
  EXPECT_NE(html.find(">FAIL<"), std::string::npos);
}

TEST_F(ReportFiles, AFileAtThePathOfTheDirectoryIsNamed) {
  const fs::path in_the_way = root() / "out";
  std::ofstream(in_the_way) << "mine";
  const auto written = write_report(synthetic_report(1, 2000), in_the_way);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::storage_failed);
  EXPECT_NE(written.error().message.find(in_the_way.string()), std::string::npos);
}

TEST_F(ReportFiles, ADirectoryAtThePathOfAFileIsNamed) {
  fs::create_directories(root() / "report.json" / "x");
  const auto written = write_report(synthetic_report(1, 2000), root());
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().message.find("report.json"), std::string::npos);
}

}  // namespace
}  // namespace millrace::report
