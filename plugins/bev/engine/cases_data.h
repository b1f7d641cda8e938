#pragma once
// Reference cases of the half without a network: matrices, pictures, result files, metric.
#include "core/engine/verify.h"

namespace lathe::bev {

VerifyCase align_case();             ///< bev/align
VerifyCase image_aug_case();         ///< bev/image_aug
VerifyCase result_case();            ///< bev/nuscenes_result (JSON)
VerifyCase metric_case();            ///< bev/nuscenes_metric (JSON)

}
