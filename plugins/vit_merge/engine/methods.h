#pragma once
// The methods of this plugin. On the engine's work thread.
#include "core/engine/registry.h"

namespace lathe::vit_merge {

Method describe_method();                ///< vit_merge.describe: models compared, similarity of blocks, storage, findings
Method merge_method();                   ///< vit_merge.merge: one model as a file, with a recipe that makes it again
Method compare_method();                 ///< vit_merge.compare: weights, spectra, representations of two or all models
Method strip_method();                   ///< vit_merge.strip: a few pictures of every task through the merged model, live
Method inspect_method();                 ///< vit_merge.inspect: one picture through every model, attention, rollout
Method evaluate_method();                ///< vit_merge.evaluate: tasks x methods, joint and oracle-head accuracy, storage, time
Method sweep_method();                   ///< vit_merge.sweep: accuracy against m, lambda, tau, temperature; along paths and planes of weights
Method train_method();                   ///< vit_merge.train: a shared trunk, or a model of one task from it
Method train_gate_method();              ///< vit_merge.train_gate
Method benchmark_method();               ///< vit_merge.benchmark: base, models, gate and evaluation of a whole benchmark

}
