// Faces between shown voxels and what is not shown, and the voxel or box that a ray meets.
#include "viewers/voxel_mesh.h"
#include <QtTest>
#include <algorithm>
#include <cmath>
#include <random>
#include <set>

using namespace lathe;

namespace {

VoxelGridShape grid_of(int x, int y, int z) {
    VoxelGridShape grid;
    grid.n = {x, y, z};
    return grid;
}

std::vector<std::uint8_t> only(const VoxelGridShape& grid, const std::vector<std::array<int, 3>>& voxels) {
    std::vector<std::uint8_t> shown(grid.count(), 0);
    for (const auto& v : voxels) shown[grid.at(v[0], v[1], v[2])] = 1;
    return shown;
}

Vector3 corner(const VoxelFaces& faces, std::size_t face, std::size_t k) {
    const float* p = faces.corners.data() + face * 12 + k * 3;
    return {p[0], p[1], p[2]};
}

Vector3 towards(const Vector3& from, const Vector3& to) {
    Vector3 way{to[0] - from[0], to[1] - from[1], to[2] - from[2]};
    const double length = std::hypot(way[0], way[1], way[2]);
    for (double& v : way) v /= length;
    return way;
}

}

class TestVoxelMesh : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void faces_are_counted_data() {
        QTest::addColumn<QList<int>>("voxels");   // x, y, z of each
        QTest::addColumn<int>("faces");
        QTest::newRow("none") << QList<int>{} << 0;
        QTest::newRow("one") << QList<int>{1, 1, 1} << 6;
        QTest::newRow("one in a corner of the grid") << QList<int>{0, 0, 0} << 6;
        QTest::newRow("two neighbours") << QList<int>{1, 1, 1, 1, 2, 1} << 10;
        QTest::newRow("two that share an edge only") << QList<int>{1, 1, 1, 1, 2, 2} << 12;
        QTest::newRow("on opposite ends of a row") << QList<int>{0, 0, 3, 0, 1, 0} << 12;   // neighbours in memory, not in space
    }
    void faces_are_counted() {
        QFETCH(QList<int>, voxels);
        QFETCH(int, faces);
        const VoxelGridShape grid = grid_of(4, 4, 4);
        std::vector<std::array<int, 3>> list;
        for (qsizetype i = 0; i + 2 < voxels.size(); i += 3) list.push_back({voxels[i], voxels[i + 1], voxels[i + 2]});
        QCOMPARE(exposed_faces(grid, only(grid, list)).count(), std::size_t(faces));
    }

    void a_full_block_shows_its_surface_only() {
        const VoxelGridShape grid = grid_of(20, 30, 4);
        QCOMPARE(exposed_faces(grid, std::vector<std::uint8_t>(grid.count(), 1)).count(), std::size_t(2 * (20 * 30 + 20 * 4 + 30 * 4)));
    }

    void faces_agree_with_a_count_by_neighbours() {
        const VoxelGridShape grid = grid_of(9, 7, 5);
        std::mt19937 random(3);
        std::vector<std::uint8_t> shown(grid.count());
        for (auto& s : shown) s = random() % 3 == 0;
        const auto is_shown = [&](int x, int y, int z) { return x >= 0 && y >= 0 && z >= 0 && x < 9 && y < 7 && z < 5 && shown[grid.at(x, y, z)]; };
        std::set<std::pair<std::size_t, int>> expected, found;
        constexpr int kWay[6][3] = {{-1, 0, 0}, {1, 0, 0}, {0, -1, 0}, {0, 1, 0}, {0, 0, -1}, {0, 0, 1}};
        for (int x = 0; x < 9; ++x)
            for (int y = 0; y < 7; ++y)
                for (int z = 0; z < 5; ++z)
                    for (int s = 0; s < 6; ++s)
                        if (is_shown(x, y, z) && !is_shown(x + kWay[s][0], y + kWay[s][1], z + kWay[s][2])) expected.emplace(grid.at(x, y, z), s);
        const VoxelFaces faces = exposed_faces(grid, shown);
        for (std::size_t f = 0; f < faces.count(); ++f) found.emplace(faces.voxel[f], faces.side[f]);
        QCOMPARE(found.size(), faces.count());   // none twice
        QVERIFY(found == expected);
    }

    void faces_lie_on_their_voxel_and_look_outwards() {
        VoxelGridShape grid = grid_of(3, 3, 3);
        grid.low = {-10, 5, 1};
        grid.size = {0.5, 1, 1.5};
        const VoxelFaces faces = exposed_faces(grid, only(grid, {{1, 2, 0}}));
        QCOMPARE(faces.count(), std::size_t(6));
        const Vector3 middle{-9.25, 7.5, 1.75};
        for (std::size_t f = 0; f < 6; ++f) {
            QCOMPARE(faces.first[faces.side[f]], f);
            const Vector3 a = corner(faces, f, 0), b = corner(faces, f, 1), c = corner(faces, f, 2), d = corner(faces, f, 3);
            const Vector3 u{b[0] - a[0], b[1] - a[1], b[2] - a[2]}, v{c[0] - a[0], c[1] - a[1], c[2] - a[2]};
            const Vector3 normal{u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]};
            double outwards = 0;
            for (std::size_t k = 0; k < 3; ++k) outwards += normal[k] * ((a[k] + c[k]) / 2 - middle[k]);
            QVERIFY(outwards > 0);
            for (const Vector3& p : {a, b, c, d})
                for (std::size_t k = 0; k < 3; ++k) QVERIFY(std::abs(std::abs(p[k] - middle[k]) - grid.size[k] / 2) < 1e-6);
        }
    }

    void sizes_that_do_not_fit_give_nothing() {
        const VoxelGridShape grid = grid_of(2, 2, 2);
        QCOMPARE(exposed_faces(grid, std::vector<std::uint8_t>(7, 1)).count(), std::size_t(0));
        QCOMPARE(exposed_faces(VoxelGridShape{}, {}).count(), std::size_t(0));
        QVERIFY(!first_voxel(grid, std::vector<std::uint8_t>(7, 1), {-1, 0.5, 0.5}, {1, 0, 0}));
        QVERIFY(!first_voxel(VoxelGridShape{}, {}, {0, 0, 0}, {1, 0, 0}));
    }

    // --- rays

    void a_ray_meets_the_nearest_voxel() {
        const VoxelGridShape grid = grid_of(10, 10, 2);
        const auto shown = only(grid, {{3, 5, 0}, {7, 5, 0}});
        const auto hit = first_voxel(grid, shown, {-4, 5.5, 0.5}, {1, 0, 0});
        QVERIFY(hit.has_value());
        QCOMPARE(hit->voxel, (std::array<int, 3>{3, 5, 0}));
        QCOMPARE(hit->distance, 7.0);
        QCOMPARE(first_voxel(grid, shown, {20, 5.5, 0.5}, {-1, 0, 0})->voxel, (std::array<int, 3>{7, 5, 0}));
        QCOMPARE(first_voxel(grid, shown, {3.5, 5.5, 9}, {0, 0, -1})->voxel, (std::array<int, 3>{3, 5, 0}));
        QVERIFY(!first_voxel(grid, shown, {3.5, 4.5, 9}, {0, 0, -1}));      // beside it
        QVERIFY(!first_voxel(grid, shown, {-4, 5.5, 0.5}, {-1, 0, 0}));     // behind
        QVERIFY(!first_voxel(grid, shown, {-4, 5.5, 7}, {1, 0, 0}));        // above the grid
        QCOMPARE(first_voxel(grid, shown, {3.5, 5.5, 0.5}, {0, 1, 0})->distance, 0.0);   // the eye is inside
    }

    void a_ray_agrees_with_small_steps_along_it() {
        VoxelGridShape grid = grid_of(12, 9, 4);
        grid.low = {-3, -4.5, -1};
        grid.size = {0.5, 1, 0.75};
        std::mt19937 random(11);
        std::vector<std::uint8_t> shown(grid.count());
        for (auto& s : shown) s = random() % 12 == 0;
        std::uniform_real_distribution<double> place(-9, 9), inside(-2.5, 2.5);
        int met = 0;
        for (int i = 0; i < 400; ++i) {
            const Vector3 eye{place(random), place(random), place(random)}, way = towards(eye, {inside(random), inside(random), inside(random) / 3});
            std::optional<std::array<int, 3>> stepped;
            double t = 0;
            for (; t < 30 && !stepped; t += 0.0005) {
                std::array<int, 3> at{};
                bool in = true;
                for (std::size_t k = 0; k < 3; ++k) {
                    at[k] = int(std::floor((eye[k] + way[k] * t - grid.low[k]) / grid.size[k]));
                    in = in && at[k] >= 0 && at[k] < grid.n[k];
                }
                if (in && shown[grid.at(at[0], at[1], at[2])]) stepped = at;
            }
            const auto hit = first_voxel(grid, shown, eye, way);
            if (stepped) {
                QVERIFY(hit.has_value());
                QVERIFY(hit->distance < t + 1e-9);   // steps may jump over a corner, so the walk may meet another one earlier
                if (std::abs(hit->distance - t) < 0.002) {
                    QCOMPARE(hit->voxel, *stepped);
                    ++met;
                }
            }
        }
        QVERIFY2(met > 100, qPrintable(QString::number(met)));
    }

    void a_ray_meets_a_turned_box() {
        const Vector3 extent{4, 2, 1.5};
        QCOMPARE(*ray_meets_box({-10, 0, 0}, {1, 0, 0}, {0, 0, 0}, extent, 0), 8.0);
        QCOMPARE(*ray_meets_box({-10, 0, 0}, {1, 0, 0}, {0, 0, 0}, extent, std::acos(0.0)), 9.0);   // its length now lies along y
        QVERIFY(!ray_meets_box({-10, 1.5, 0}, {1, 0, 0}, {0, 0, 0}, extent, 0));
        QVERIFY(ray_meets_box({-10, 1.5, 0}, {1, 0, 0}, {0, 0, 0}, extent, std::acos(0.0)).has_value());
        QVERIFY(!ray_meets_box({-10, 0, 0}, {-1, 0, 0}, {0, 0, 0}, extent, 0));
        QCOMPARE(*ray_meets_box({0.5, 0, 0}, {1, 0, 0}, {0, 0, 0}, extent, 0), 0.0);
    }
};

QTEST_APPLESS_MAIN(TestVoxelMesh)
#include "test_voxel_mesh.moc"
