// Runs a fuzz target where there is no libFuzzer (g++): every file of a corpus as it is, then N random changes of them.
// Usage: fuzz_X CORPUS... [-runs=N] [-seed=S]. An input that ends the process, or takes longer than 20 s, is
// left in the current folder as crash-input.
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

/// The sanitizer, where there is one, ends the process by a signal, so that leave_input() is called.
extern "C" const char* __asan_default_options() { return "abort_on_error=1"; }
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

const Input* g_current = nullptr;

void leave_input(int number) {   // only calls that are safe in a signal handler
    if (const int file = ::open("crash-input", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644); g_current && file >= 0) {
        [[maybe_unused]] const auto written = ::write(file, g_current->data(), g_current->size());
        ::close(file);
    }
    ::signal(number, SIG_DFL);
    ::raise(number);
}

void run(const Input& input) {
    g_current = &input;
    ::alarm(20);
    LLVMFuzzerTestOneInput(input.data(), input.size());
}

class Mutator {
public:
    explicit Mutator(unsigned seed) : m_random(seed) {}

    Input change(const std::vector<Input>& corpus) {
        Input input = corpus[below(corpus.size())];
        for (std::size_t n = 1 + below(4); n-- > 0;)
            change_once(input, corpus[below(corpus.size())]);
        return input;
    }

private:
    std::size_t below(std::size_t limit) { return limit == 0 ? 0 : m_random() % limit; }
    void change_once(Input& input, const Input& other) {
        static constexpr std::uint8_t kEdges[] = {0, 1, 0x7f, 0x80, 0xff, '.', '0', '(', '[', ']', '{', '"'};
        const std::size_t at = below(input.size());
        const auto position = input.begin() + std::ptrdiff_t(at);
        switch (below(7)) {
            case 0: input.resize(at); break;                                                              // cut
            case 1: input.insert(position, kEdges[below(sizeof kEdges)]); break;
            case 2: if (!input.empty()) *position = std::uint8_t(m_random()); break;
            case 3: if (!input.empty()) *position = kEdges[below(sizeof kEdges)]; break;
            case 4: if (!input.empty()) *position ^= std::uint8_t(1u << below(8)); break;
            case 5: {                                                                                     // a piece of another input
                const std::size_t from = below(other.size()), size = below(std::min<std::size_t>(other.size() - from, 64));
                input.insert(position, other.begin() + std::ptrdiff_t(from), other.begin() + std::ptrdiff_t(from + size));
                break;
            }
            default: {                                                                                    // repeat a piece
                const Input piece(position, position + std::ptrdiff_t(below(std::min<std::size_t>(input.size() - at, 64))));
                for (std::size_t n = below(40); n-- > 0 && input.size() < 100'000;)
                    input.insert(input.begin() + std::ptrdiff_t(at), piece.begin(), piece.end());
            }
        }
    }

    std::mt19937 m_random;
};

}

int main(int argc, char** argv) {
    std::vector<Input> corpus;
    long runs = 0;
    unsigned seed = 1;
    const auto add = [&corpus](const std::filesystem::path& file) {
        std::ifstream in(file, std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    };
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument.starts_with("-runs=")) {
            runs = std::strtol(argv[i] + 6, nullptr, 10);
        } else if (argument.starts_with("-seed=")) {
            seed = unsigned(std::strtoul(argv[i] + 6, nullptr, 10));
        } else if (std::filesystem::is_directory(argument)) {
            for (const auto& entry : std::filesystem::directory_iterator(argument))
                add(entry.path());
        } else if (std::filesystem::is_regular_file(argument)) {
            add(argument);
        } else {
            std::fprintf(stderr, "%s: no such file or folder\n", argv[i]);
            return 2;
        }
    }
    if (corpus.empty()) {
        std::fprintf(stderr, "no input\n");
        return 2;
    }
    for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM})
        std::signal(number, leave_input);
    for (const Input& input : corpus)
        run(input);
    Mutator mutator(seed);
    for (long i = 0; i < runs; ++i) {
        const Input input = mutator.change(corpus);
        run(input);
    }
    std::printf("%zu files, %ld changes of them: no crash\n", corpus.size(), runs);
}
