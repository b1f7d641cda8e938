#include "core/project/place.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace lathe {
namespace {

// From statfs(2). FUSE is in the list because sshfs and virtual machines' shared folders are FUSE.
constexpr unsigned long kNetworkFileSystems[] = {0x6969, 0xFF534D42, 0xFE534D42, 0x517B, 0x65735546, 0x01021997, 0x5346414F, 0x00C36400, 0x0BD00BD0, 0x47504653, 0x7461636F};

std::filesystem::path folder_of(const std::filesystem::path& file) {
    const auto folder = std::filesystem::absolute(file).parent_path();
    return folder.empty() ? std::filesystem::path("/") : folder;
}

Journal journal_in(const std::filesystem::path& folder) {
    if (const char* wanted = std::getenv("LATHE_JOURNAL"); wanted && std::strcmp(wanted, "delete") == 0)
        return Journal::rollback;
    struct statfs info {};
    if (statfs(folder.c_str(), &info) != 0)
        return Journal::rollback;
    for (const unsigned long type : kNetworkFileSystems)
        if ((static_cast<unsigned long>(info.f_type) & 0xFFFFFFFFul) == type)
            return Journal::rollback;
    return Journal::wal;
}

bool has_journal(const std::filesystem::path& file) {
    return size_or_zero(file.string() + "-wal") > 0 || size_or_zero(file.string() + "-journal") > 0;
}

}

Place place_of(const std::filesystem::path& file) {
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    if (status.type() == std::filesystem::file_type::not_found)
        throw Error(ErrorCode::not_found, "The project does not exist.", file.string(), "Check the path, or make a new project there.");
    if (error)
        throw Error(ErrorCode::io, "The project cannot be reached: " + error.message() + ".", file.string(), "Check that you may read its folder.");
    if (status.type() == std::filesystem::file_type::directory)
        throw Error(ErrorCode::wrong_format, "This is a folder, not a project file.", file.string(), "Choose a file that was made by Lathe (.lathe).");
    if (status.type() != std::filesystem::file_type::regular)
        throw Error(ErrorCode::wrong_format, "This is not a regular file.", file.string(), "Choose a file that was made by Lathe (.lathe).");

    Place place;
    // Through links to the file itself: journals lie beside that one.
    place.file = std::filesystem::canonical(file, error);
    if (error)
        place.file = std::filesystem::absolute(file);
    if (access(place.file.c_str(), R_OK) != 0)
        throw Error(ErrorCode::io, "The project cannot be read: " + std::string(std::strerror(errno)) + ".", file.string(), "Ask its owner for the right to read it.");
    const auto folder = folder_of(place.file);
    place.journal = journal_in(folder);

    struct statvfs disk {};
    const bool read_only_disk = statvfs(folder.c_str(), &disk) == 0 && (disk.f_flag & ST_RDONLY);
    if (read_only_disk)
        place.read_only_reason = "The disk is read-only.";
    else if (access(folder.c_str(), W_OK) != 0)
        place.read_only_reason = "The folder is read-only.";
    else if (access(place.file.c_str(), W_OK) != 0)
        place.read_only_reason = "The file is read-only.";
    if (!place.read_only_reason.empty()) {
        place.read_only_reason += " Save a copy elsewhere to go on working.";
        // A journal beside it means that somebody else writes, or that a program was killed: then the content is not in the main file alone.
        place.reading = has_journal(place.file) ? sql::Access::read : sql::Access::immutable;
    }
    return place;
}

Place place_for_new(const std::filesystem::path& file) {
    Place place;
    place.file = std::filesystem::absolute(file).lexically_normal();
    const auto folder = folder_of(place.file);
    std::error_code error;
    if (!std::filesystem::is_directory(folder, error))
        throw Error(ErrorCode::io, "The project cannot be made: its folder does not exist.", folder.string(), "Make the folder first, or choose another one.");
    if (access(folder.c_str(), W_OK) != 0)
        throw Error(ErrorCode::io, "The project cannot be made: " + std::string(std::strerror(errno)) + ".", folder.string(), "Choose a folder that you may write.");
    if (std::filesystem::exists(std::filesystem::symlink_status(place.file, error)))
        throw Error(ErrorCode::io, "The project cannot be made: the file exists.", place.file.string(), "Open it, or choose another name.");
    place.journal = journal_in(folder);
    return place;
}

}
