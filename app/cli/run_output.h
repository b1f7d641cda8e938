#pragma once
// What a run yields, as lines and as files.
#include "core/method/run.h"
#include "core/project/project.h"
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lathe::cli {

/// {run, seq, type, …} as one line of --json. `file`: where an artifact was written, may be empty.
Json event_json(const RunEvent& event, const std::string& file);

/// Name of a file for an artifact in its stored form: key, step, the ending of its media.
std::string artifact_file_name(const std::string& key, std::int64_t step, const std::string& media, const Json& meta);

/// Collects the metrics of one run for the lines at its end, and writes artifacts (--out) as they come.
class RunOutput {
public:
    RunOutput(std::filesystem::path folder, bool json);               ///< folder empty: nothing is written
    void take(const RunEvent& event);                                 ///< prints it
    void print_counts() const;                                        ///< of keys with more than one artifact
    std::string metrics_text() const;                                 ///< a table of the last values; empty: there are none
    const std::map<std::string, double>& last_values() const { return m_last; }
    void finish(const RunRequest& request, const Json& outcome);      ///< metrics.csv and run.json
private:
    std::string write(const Artifact& artifact);
    std::filesystem::path m_folder;
    bool m_json;
    std::map<std::string, double> m_last;
    std::map<std::string, std::size_t> m_made;                         ///< artifacts by key
    std::string m_csv;
};

/// CSV with the header run, key, step, t, value of all metric points of one run.
std::string metrics_csv(const ProjectReader& reader, RunId run);

}
