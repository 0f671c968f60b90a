// The shapes that geoms collide as: hulls closed and convex, heights in MuJoCo's order.
#include "engine/collision_shapes.h"
#include "tests/kernels/collider_cases.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using kernels::GeomPair;
using kernels::GeomText;
using kernels::MeshShape;

double along(const double* normal, const double* vertex) {
  return normal[0] * vertex[0] + normal[1] * vertex[1] + normal[2] * vertex[2];
}

TEST(CollisionShapes, HullOfABlockHasItsEightCornersAndSixFaces) {
  // With a point inside, which is no vertex of the hull.
  const GeomText block{kernels::kMesh, "mesh=\"block\"",
                       "<mesh name=\"block\" vertex=\"-.1 -.2 -.3 .1 -.2 -.3 -.1 .2 -.3 .1 .2 -.3 -.1 -.2 .3 "
                       ".1 -.2 .3 -.1 .2 .3 .1 .2 .3 .01 .02 .03\"/>"};
  const GeomPair pair(kernels::kSphereText, block, 0);
  const MeshShape<double>& mesh = *pair.shape<double>(1).mesh;
  EXPECT_EQ(mesh.num_vertices, 8);
  ASSERT_EQ(mesh.num_faces, 6);
  for (int face = 0; face < mesh.num_faces; ++face) {
    EXPECT_EQ(mesh.face_start[face + 1] - mesh.face_start[face], 4) << face;
  }
  EXPECT_NEAR(mesh.extent, 0.3, 1e-2);
}

TEST(CollisionShapes, FacesOfAHullLookOutwardsAndHoldTheirVertices) {
  const GeomPair pair(kernels::kSphereText, kernels::pebble(), 0);
  const MeshShape<double>& mesh = *pair.shape<double>(1).mesh;
  ASSERT_GT(mesh.num_faces, 20);
  for (int face = 0; face < mesh.num_faces; ++face) {
    const double* const normal = mesh.face_normals + 3 * face;
    EXPECT_NEAR(along(normal, normal), 1, 1e-9);
    const double height = along(normal, mesh.vertices + 3 * mesh.face_vertices[mesh.face_start[face]]);
    for (int vertex = 0; vertex < mesh.num_vertices; ++vertex) {
      EXPECT_LT(along(normal, mesh.vertices + 3 * vertex), height + 1e-6);
    }
    for (int i = mesh.face_start[face]; i < mesh.face_start[face + 1]; ++i) {
      const int vertex = mesh.face_vertices[i];
      EXPECT_NEAR(along(normal, mesh.vertices + 3 * vertex), height, 1e-6);
      const auto* const begin = mesh.vertex_faces + mesh.vertex_face_start[vertex];
      const auto* const end = mesh.vertex_faces + mesh.vertex_face_start[vertex + 1];
      EXPECT_NE(std::find(begin, end, face), end) << "vertex " << vertex << " does not know face " << face;
    }
  }
}

TEST(CollisionShapes, NeighboursAreMutual) {
  const GeomPair pair(kernels::kSphereText, kernels::pebble(), 0);
  const MeshShape<float>& mesh = *pair.shape<float>(1).mesh;
  for (int vertex = 0; vertex < mesh.num_vertices; ++vertex) {
    ASSERT_GE(mesh.edge_start[vertex + 1] - mesh.edge_start[vertex], 3);
    for (int i = mesh.edge_start[vertex]; i < mesh.edge_start[vertex + 1]; ++i) {
      const int other = mesh.neighbours[i];
      const auto* const begin = mesh.neighbours + mesh.edge_start[other];
      const auto* const end = mesh.neighbours + mesh.edge_start[other + 1];
      EXPECT_NE(std::find(begin, end, vertex), end);
    }
  }
}

TEST(CollisionShapes, HeightFieldKeepsMujocosHeightsAndSizes) {
  const GeomPair pair(kernels::hills(), kernels::kSphereText, 0);
  const kernels::HeightFieldShape<double>& field = *pair.shape<double>(0).height_field;
  ASSERT_EQ(field.num_rows, 7);
  ASSERT_EQ(field.num_columns, 9);
  EXPECT_EQ(field.size[0], 1);
  EXPECT_EQ(field.size[1], 0.6);
  EXPECT_EQ(field.size[2], 0.1);
  EXPECT_EQ(field.size[3], 0.5);
  for (int i = 0; i < 63; ++i) EXPECT_EQ(field.heights[i], static_cast<double>(pair.model().hfield_data[i])) << i;
}

}  // namespace
}  // namespace lockstep
