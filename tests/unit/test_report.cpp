// Reports: nothing in a foreign text becomes markup, charts are well formed and their axes round, tables quoted, files written whole.
#include "core/base/csv.h"
#include "core/base/error.h"
#include "core/report/escape.h"
#include "core/report/repeat_command.h"
#include "core/report/report.h"
#include "core/report/ticks.h"
#include "tests/unit/project_fixture.h"
#include <QXmlStreamReader>
#include <cmath>
#include <set>

using namespace lathe;
using namespace lathe::test;

namespace {

const std::string kHostile = "<script>alert(1)</script>\"'&|`*_[x](y)\n# h\x01\xff";
// A PNG of one pixel's head: enough for its size.
const std::string kPng = std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x1c\0\0\0\x1c", 24) + "rest";

Chart line_chart(std::vector<double> x, std::vector<double> y) {
    Chart chart;
    chart.title = "Loss <i>" + kHostile;
    chart.x = {"Step", "", true};
    chart.y = {"Loss", "nats", false};
    chart.series.push_back({"run & one", std::move(x), std::move(y), false});
    return chart;
}

/// Number of elements; fails the test if it is not XML. `classes`: of the elements with one.
int elements_of(const std::string& svg, const QString& name, QStringList* classes = nullptr) {
    QXmlStreamReader xml(QString::fromStdString(svg));
    int count = 0;
    while (!xml.atEnd()) {
        if (xml.readNext() != QXmlStreamReader::StartElement) continue;
        if (xml.name() == name) {
            ++count;
            if (classes) *classes << xml.attributes().value("class").toString();
        }
    }
    if (xml.hasError()) qWarning("%s in line %lld", qPrintable(xml.errorString()), xml.lineNumber());
    return xml.hasError() ? -1 : count;
}

Report sample_report() {
    Report report;
    report.title = "Report " + kHostile;
    report.program = "Lathe 0.1.0";
    report.created = 1'700'000'000'000;
    ReportRun run;
    run.title = kHostile;
    run.number = "#7";
    run.uuid = "\"><img src=x>";
    run.method = "demo.run";
    run.state = "failed";
    run.problem = kHostile;
    run.notes = kHostile;
    run.tags = {kHostile};
    run.parameters = {{kHostile, kHostile}};
    run.environment = {{"engine", kHostile}};
    run.summary = {{"psnr", "31.9"}};
    run.tables.push_back({kHostile, {kHostile, "value"}, {{kHostile, "-1.5"}, {"short row"}}, 3});
    run.charts.push_back(line_chart({0, 1, 2}, {3, 2, 1}));
    run.pictures.push_back({kHostile, "image/png", kPng});
    run.pictures.push_back({"not shown", "text/html", "<script>alert(2)</script>"});
    run.pictures.push_back({kHostile, "image/png", kPng});
    run.texts.push_back({"text", kHostile + "\n```\nx"});
    run.command = "lathe-cli run demo.run --set 'x=<b>'";
    run.remarks = {kHostile};
    report.runs.push_back(run);
    return report;
}

}

class TestReport : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void escaping() {
        QCOMPARE(html_escaped("<a href=\"x\">&'\x01"), std::string("&lt;a href=&quot;x&quot;&gt;&amp;&#39;\xef\xbf\xbd"));
        QCOMPARE(html_escaped("grüße\xff"), std::string("grüße\xef\xbf\xbd"));
        QCOMPARE(markdown_escaped("a|b\nc*d_e`f<g>"), std::string("a\\|b c\\*d\\_e\\`f&lt;g&gt;"));
        QCOMPARE(markdown_escaped("- list"), std::string("\\- list"));
        QCOMPARE(markdown_escaped("1. list"), std::string("1\\. list"));
        QCOMPARE(markdown_escaped("0.25 at 2026-01-02T10:00"), std::string("0.25 at 2026-01-02T10:00"));
        QCOMPARE(markdown_escaped("http://x.y"), std::string("http\\://x.y"));
        QCOMPARE(shell_quoted("steps=20"), std::string("steps=20"));
        QCOMPARE(shell_quoted("it's $HOME"), std::string("'it'\\''s $HOME'"));
        QCOMPARE(shell_quoted(""), std::string("''"));
        QCOMPARE(base64("any carnal pleas"), std::string("YW55IGNhcm5hbCBwbGVhcw=="));
        QCOMPARE(base64(""), std::string());
        QCOMPARE(file_name_from("../../etc/passwd"), std::string("_._.._etc_passwd"));
        QCOMPARE(file_name_from(""), std::string("unnamed"));
    }

    void ticks_are_round_and_few_data() {
        QTest::addColumn<double>("low");
        QTest::addColumn<double>("high");
        QTest::addColumn<bool>("whole");
        const std::vector<std::pair<double, double>> ranges = {{0, 1}, {0, 20}, {-3.2, 3.9}, {0.0012, 0.0013}, {5, 5}, {0, 0}, {-7, -7}, {1e-12, 3e-12}, {1e9, 1e9 + 3}, {-1e300, 1e300}, {0, 6.9}, {0, 7.1}, {0.3, 97}, {99, 101}};
        for (std::size_t i = 0; i < ranges.size(); ++i)
            for (const bool whole : {false, true}) QTest::addRow("%zu %s", i, whole ? "whole" : "any") << ranges[i].first << ranges[i].second << whole;
        for (int k = 1; k < 60; ++k) QTest::addRow("0 to %d thirds", k) << 0.0 << k / 3.0 << false;
    }
    void ticks_are_round_and_few() {
        QFETCH(double, low);
        QFETCH(double, high);
        QFETCH(bool, whole);
        const Ticks ticks = axis_ticks(low, high, whole);
        QVERIFY2(ticks.values.size() >= 4 && ticks.values.size() <= 7, std::to_string(ticks.values.size()).c_str());
        QCOMPARE(ticks.labels.size(), ticks.values.size());
        QVERIFY(ticks.low <= low + std::abs(low) * 1e-9 && ticks.high >= high - std::abs(high) * 1e-9);
        const double step = ticks.values[1] - ticks.values[0], mantissa = step / std::pow(10.0, std::floor(std::log10(step) + 1e-9));
        QVERIFY2(std::abs(mantissa - 1) < 1e-6 || std::abs(mantissa - 2) < 1e-6 || std::abs(mantissa - 5) < 1e-6, std::to_string(mantissa).c_str());
        for (std::size_t i = 1; i < ticks.values.size(); ++i) {
            QVERIFY(std::abs(ticks.values[i] - ticks.values[i - 1] - step) <= std::abs(step) * 1e-6);
            QVERIFY2(ticks.labels[i] != ticks.labels[i - 1], ticks.labels[i].c_str());
            if (whole) QVERIFY(ticks.values[i] == std::floor(ticks.values[i]));
        }
    }

    void tick_labels() {
        QVERIFY((axis_ticks(0, 1).labels == std::vector<std::string>{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
        QVERIFY((axis_ticks(-1, 1).labels == std::vector<std::string>{"-1.0", "-0.5", "0.0", "0.5", "1.0"}));
        QVERIFY((axis_ticks(0, 19, true).labels == std::vector<std::string>{"0", "5", "10", "15", "20"}));
        QCOMPARE(short_number(0.000123456), std::string("0.00012346"));
        QCOMPARE(short_number(31.89712), std::string("31.897"));
        QCOMPARE(short_number(1.5e-9), std::string("1.5e-09"));
        QCOMPARE(short_number(2e12), std::string("2e+12"));
        QCOMPARE(short_number(1200000), std::string("1200000"));
        QCOMPARE(short_number(-INFINITY), std::string("-inf"));
    }

    void csv() {
        QCOMPARE(csv_row({"a, \"b\"", "=1+1", "-x", "@y", "+z", "plain", "two\nlines", -1.5, std::int64_t{-3}, true, nullptr, "-inf"}),
            std::string("\"a, \"\"b\"\"\",\"=1+1\",\"-x\",\"@y\",\"+z\",plain,\"two\nlines\",-1.5,-3,true,,-inf\r\n"));
        const CsvTable table = parse_csv("\xef\xbb\xbfname,\"va\"\"lue\"\n\"a,\nb\",1\nshort\nx,y,too long\n\n", 2);
        QVERIFY((table.columns == std::vector<std::string>{"name", "va\"lue"}));
        QCOMPARE(table.rows.size(), std::size_t{2});
        QCOMPARE(table.left_out, std::size_t{1});
        QVERIFY((table.rows[0] == std::vector<std::string>{"a,\nb", "1"}));
        QVERIFY((table.rows[1] == std::vector<std::string>{"short", ""}));
        QVERIFY(parse_csv("").columns.empty());
        QVERIFY(parse_csv("\"never closed").columns.size() == 1);
    }

    void charts_are_well_formed_data() {
        QTest::addColumn<int>("use");
        QTest::newRow("in a page") << int(SvgUse::inline_in_page);
        QTest::newRow("file") << int(SvgUse::file);
    }
    void charts_are_well_formed() {
        QFETCH(int, use);
        const auto svg = [&](const Chart& chart) { return chart_svg(chart, SvgUse(use)); };
        Chart chart = line_chart({0, 1, 2, 3, 4}, {1, 2, NAN, 4, INFINITY});
        QStringList classes;
        QCOMPARE(elements_of(svg(chart), "path", &classes), 1);
        QVERIFY2(classes == QStringList{"l s1"}, qPrintable(classes.join(',')));
        QCOMPARE(elements_of(svg(chart), "circle"), 1);   // the point that stands alone
        QVERIFY(svg(chart).find("Loss (nats)") != std::string::npos);
        for (int i = 0; i < 8; ++i) chart.series.push_back({"s" + std::to_string(i), {0, 1}, {double(i), 2}, i == 7});
        classes.clear();
        QCOMPARE(elements_of(svg(chart), "line", &classes) > 0, true);
        for (const char* name : {"l s1", "l s2", "l s3", "l s4", "l s5", "l ref"}) QVERIFY2(classes.contains(name), name);
        QVERIFY(elements_of(svg(chart), "circle") > 4);   // the fifth series has markers
        chart.kind = Chart::Kind::scatter;
        QCOMPARE(elements_of(svg(chart), "svg"), 1);
        chart.series.clear();
        QVERIFY(svg(chart).find("no finite values") != std::string::npos);
        QCOMPARE(elements_of(svg(chart), "svg"), 1);

        Chart bars;
        bars.kind = Chart::Kind::bars;
        bars.x = {"PSNR", "dB", false};
        bars.categories = {"one " + kHostile, "a name that is far longer than there is room for beside the bars of a report"};
        bars.series.push_back({"", {}, {30.5, -2}, false});
        classes.clear();
        elements_of(svg(bars), "rect", &classes);
        QCOMPARE(classes.count("b1"), 2);
        bars.series[0].y.pop_back();
        QVERIFY(error_of([&] { svg(bars); }).code() == ErrorCode::invalid_value);

        Chart heat;
        heat.kind = Chart::Kind::heat_map;
        heat.heat = {2, 3, {0, 0, 1, 0.5, NAN, 1}, ColourMapId::viridis};
        heat.value = {"Error", "%", false};
        const std::string drawn = svg(heat);
        QCOMPARE(elements_of(drawn, "svg"), 1);
        QVERIFY(drawn.find("1 not finite") != std::string::npos && drawn.find("url(#missing)") != std::string::npos);
        for (const double end : {0.0, 1.0}) {   // the least and the most have the ends of the map
            const Rgb c = colour_at(ColourMapId::viridis, end);
            QVERIFY2(drawn.find(QString::asprintf("height=\"28\" fill=\"#%02x%02x%02x\"", c.r, c.g, c.b).toStdString()) != std::string::npos, drawn.c_str());
        }
        heat.heat.values.pop_back();
        QVERIFY(error_of([&] { svg(heat); }).code() == ErrorCode::invalid_value);
        Chart uneven = line_chart({0, 1}, {1});
        QVERIFY(error_of([&] { svg(uneven); }).code() == ErrorCode::invalid_value);
    }

    void html_holds_no_foreign_markup() {
        const std::string html = to_html(sample_report());
        for (const char* markup : {"<script", "<img src=x", "<i>", "alert(2)"}) QVERIFY2(html.find(markup) == std::string::npos, markup);
        QVERIFY(html.find("default-src 'none'; img-src data:; style-src 'unsafe-inline'") != std::string::npos);
        QVERIFY(html.find("prefers-color-scheme") != std::string::npos && html.find("@media print") != std::string::npos);
        QVERIFY(html.find("data:image/png;base64," + base64(kPng)) != std::string::npos);
        QVERIFY(html.find("width=\"140\"") != std::string::npos);   // 28 pixels, five times
        QVERIFY(html.find("lathe-cli run demo.run --set &#39;x=&lt;b&gt;&#39;") != std::string::npos);
        QVERIFY(html.find("<td class=\"n\">-1.5</td>") != std::string::npos);
        QVERIFY(html.find("http://") == html.find("http://www.w3.org/2000/svg"));   // nothing is loaded from anywhere
        QVERIFY(html.find("src=\"http") == std::string::npos && html.find("url(http") == std::string::npos);
    }

    void markdown_holds_no_foreign_markup() {
        const MarkdownReport made = to_markdown(sample_report(), "x_files");
        QVERIFY(made.text.find("<script") == made.text.find("<script>alert(1)</script>\"'&|`*_[x](y)\n# h"));   // only inside the fence
        QVERIFY(made.text.find("````\n") != std::string::npos);   // longer than the fence in the text
        QVERIFY(made.text.find("\n# h") == made.text.rfind("\n# h"));
        QCOMPARE(made.files.size(), std::size_t{3});
        std::set<std::string> names;
        for (const auto& [name, bytes] : made.files) {
            QVERIFY2(names.insert(name).second, name.c_str());
            QVERIFY2(name.find_first_of("/<> ") == std::string::npos, name.c_str());
            QVERIFY(made.text.find("(<x_files/" + name + ">)") != std::string::npos);
            if (name.ends_with(".svg")) QCOMPARE(elements_of(bytes, "svg"), 1);
        }
    }

    void files_are_written() {
        const Folder folder;
        const auto html = write_report(sample_report(), folder / "a.html");
        QCOMPARE(html.size(), std::size_t{1});
        QVERIFY(bytes_of(folder / "a.html").starts_with("<!DOCTYPE html>"));
        const auto markdown = write_report(sample_report(), folder / "b c.md");
        QCOMPARE(markdown.size(), std::size_t{4});
        for (const auto& file : markdown) QVERIFY(std::filesystem::file_size(file) > 0);
        QVERIFY(bytes_of(folder / "b c.md").find("b_c_files/") != std::string::npos);
        for (const char* name : {"a.pdf", "a.txt", "a"}) QVERIFY2(error_of([&] { write_report(sample_report(), folder / name); }).code() == ErrorCode::invalid_value, name);
        QVERIFY(error_of([&] { write_report(sample_report(), folder / "none" / "a.html"); }).code() != ErrorCode::engine_lost);
    }

    void repeat_commands() {
        MethodInfo method;
        method.id = "demo.run";
        method.parameters = {Parameter::integer("steps", 20), Parameter::int_range("range", 0, 9), Parameter::text("text", ""), Parameter::list("list", Json::array())};
        RunRequest request = test::request("demo.run", {{"steps", 20}, {"range", {3, 5}}, {"text", "it's"}, {"list", {1.5, 2}}, {"map", nullptr}});
        QCOMPARE(repeat_command(request, {{"model", "a b.pt"}}, "p.lathe", &method),
            std::string("lathe-cli run demo.run --set list=1.5,2 --set 'range=[3,5)' --set 'text=it'\\''s' --input 'model=a b.pt' --project p.lathe"));
        request.params = {{"steps", 20}};
        request.seed = 5;
        request.device = "cuda:0";
        request.threads = 2;
        request.taps = {{"quant", {{"bits", 8}}}};
        QCOMPARE(repeat_command(request, {}, {}, nullptr), std::string("lathe-cli run demo.run --set steps=20 --tap 'quant={\"bits\":8}' --seed 5 --device cuda:0 --threads 2"));
    }
};

QTEST_GUILESS_MAIN(TestReport)
#include "test_report.moc"
