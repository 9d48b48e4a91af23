// The page is well formed, loads nothing else, draws only within its plots, and escapes names.
// Checked on synthetic runs of several seeds and shapes.
#include "apps/report/page/html.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/report/synthetic_report.hpp"

namespace millrace::report {
namespace {

// Returns the page without the content of scripts and styles, which is not markup.
std::string markup_of(std::string html) {
  for (const std::string name : {"script", "style"}) {
    std::size_t at = 0;
    while ((at = html.find("<" + name, at)) != std::string::npos) {
      const std::size_t inside = html.find('>', at) + 1;
      html.erase(inside, html.find("</" + name, inside) - inside);
      at = inside;
    }
  }
  return html;
}

// Returns the first tag that is not closed in order, or an empty string.
std::string first_unbalanced(const std::string& markup) {
  static const std::set<std::string> never_closed = {"meta", "path", "rect"};
  std::vector<std::string> open;
  for (std::size_t at = markup.find('<'); at != std::string::npos; at = markup.find('<', at + 1)) {
    const std::size_t begin = at + (markup.compare(at, 2, "</") == 0 ? 2 : 1);
    const std::size_t end = markup.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789", begin);
    const std::string name = markup.substr(begin, end - begin);
    if (name.empty() || never_closed.contains(name)) continue;
    if (begin == at + 1) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return markup.substr(at, markup.find('>', at) - at);
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : open.back();
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

void expect_drawn_within(const std::string& html) {
  const std::string attribute = " d=\"";
  for (std::size_t at = html.find(attribute); at != std::string::npos;
       at = html.find(attribute, at + 1)) {
    const std::size_t start = at + attribute.size();
    std::string drawn = html.substr(start, html.find('"', start) - start);
    ASSERT_EQ(drawn.find_first_not_of("MLHVhZ0123456789.- "), std::string::npos) << drawn;
    const auto is_letter = [](char c) {
      return c >= 'A';
    };
    std::replace_if(drawn.begin(), drawn.end(), is_letter, ' ');
    std::istringstream numbers(drawn);
    for (double value = 0; numbers >> value;) ASSERT_TRUE(value >= 0 && value <= 1000) << value;
    ASSERT_TRUE(numbers.eof());
  }
}

void expect_good_page(const RunReport& report) {
  const std::string html = to_html(report);
  EXPECT_EQ(first_unbalanced(markup_of(html)), "");
  expect_drawn_within(html);
  for (const char* outside : {"http:", "https:", "src=", "@import", "url("})
    EXPECT_EQ(html.find(outside), std::string::npos) << outside;
}

TEST(HtmlReport, IsWellFormedAndLoadsNothingElse) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    expect_good_page(synthetic_report(seed, 3000 * seed));
    expect_good_page(synthetic_failure(seed, 3000 * seed));
  }
}

TEST(HtmlReport, ShowsEveryPlotAndTable) {
  const std::string html = to_html(synthetic_report(42, 50'000));
  EXPECT_EQ(count_of(html, "<figure"), 6u);
  for (const char* title :
       {"Throughput<", "Latency<", "Queue depth<", "States<", "Memory<", "Latency by percentile<",
        "Invariants<", "Ledger:", "Orders at rest<", "Faults<", "Configuration<"})
    EXPECT_EQ(count_of(html, std::string("<h3>") + title), 1u) << title;
  EXPECT_NE(html.find("PASS"), std::string::npos);
  EXPECT_EQ(html.find("FAIL"), std::string::npos);
  EXPECT_EQ(count_of(html, R"(<path class="mark")"), 5u) << "one fault line per time chart";
  EXPECT_EQ(count_of(html, R"(<rect class="band")") % 5, 0u) << "one band per fault and time chart";
  EXPECT_GT(count_of(html, R"(<rect class="band")"), 0u);
}

TEST(HtmlReport, ShowsMemoryAfterTheNodeHasEnded) {
  RunReport report = synthetic_report(42, 20'000);
  report.samples.back().rss_bytes = 0;
  EXPECT_NE(to_html(report).find("<h3>Memory<"), std::string::npos);
}

TEST(HtmlReport, ShowsOrdersInFlight) {
  RunReport report = synthetic_report(42, 20'000);
  report.state_names = {"SHIPPED"};
  for (Sample& sample : report.samples) sample.states = {sample.finished};
  EXPECT_NE(to_html(report).find("</i>under way</li>"), std::string::npos);
}

TEST(HtmlReport, ShowsFailuresAtTheTop) {
  const std::string html = to_html(synthetic_failure(42, 20'000));
  const std::string head = html.substr(0, html.find("</header>"));
  EXPECT_NE(head.find(">FAIL<"), std::string::npos);
  EXPECT_NE(head.find("2 lost"), std::string::npos);
  EXPECT_NE(head.find("I4 at most one capture per order"), std::string::npos);
}

TEST(HtmlReport, EscapesNames) {
  RunReport report = synthetic_failure(3, 4000);
  report.queue_names[0] = report.ledger[0].first = "</script><b onclick='x'>&";
  report.state_names[0] = "<i>";
  report.configuration.emplace_back("data-dir", "a\"b<c>");
  expect_good_page(report);
  const std::string html = to_html(report);
  EXPECT_EQ(html.find("<b onclick"), std::string::npos);
  EXPECT_NE(html.find("&lt;b onclick=&#39;x&#39;&gt;&amp;"), std::string::npos);
  EXPECT_NE(html.find(R"(\u003c/script>)"), std::string::npos);
}

TEST(HtmlReport, ShowsARunThatNeverStarted) {
  RunReport report;
  report.failure = "the data directory is locked";
  expect_good_page(report);
  EXPECT_NE(to_html(report).find("The run could not be finished"), std::string::npos);
}

TEST(HtmlReport, IsSmallForALongRun) {
  RunReport report = synthetic_report(5, 20'000);
  const std::vector<Sample> once = report.samples;
  while (report.samples.size() < 50'000) {
    for (Sample sample : once) {
      sample.t_s += report.samples.back().t_s;
      report.samples.push_back(sample);
    }
  }
  expect_good_page(report);
  EXPECT_LT(to_html(report).size(), 600u * 1024);
}

}  // namespace
}  // namespace millrace::report
