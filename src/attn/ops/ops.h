#pragma once
// All operations, in the order in which a sentence flows through them. Each stands in the file
// named beside it: its forward pass, its gradient, and the arithmetic of one of its numbers
// (`why`), side by side. Shape letters: docs/notation.md; "..." stands for any leading axes (batch,
// head). Every op throws Error with both shapes if they do not fit. An op that takes a Tensor by
// value writes into its memory where the caller gave away the only handle and nobody looks.
#include <utility>
#include <vector>

#include "attn/graph/run.h"
#include "attn/graph/tensor.h"
#include "attn/ops/recurrent.h"

namespace attn {

// --- embed.cpp
/// y[i] = table[ids[i]]: looking up a row. table (V,d), ids (n) -> (n,d).
Tensor embed(const Run& run, const Tensor& table, const Tensor& ids);
/// Row i is 1 at ids[i] and 0 elsewhere. ids (n) -> (n,V). A constant: no gradient.
Tensor one_hot(const Run& run, const Tensor& ids, std::size_t vocabulary);

// --- linear.cpp
/// y = x W + b: a projection of every row alike. x (...,d_in), W (d_in,d_out), b (d_out) or none.
Tensor linear(const Run& run, const Tensor& x, const Tensor& w, const Tensor& b = {});

// --- matmul.cpp
/// y = a b for each leading index; one b (k,n) may serve all. a (...,m,k), b (...,k,n) ->
/// (...,m,n).
Tensor matmul(const Run& run, const Tensor& a, const Tensor& b);
/// y = scale a b^T: every row of a with every row of b; one b (n,k) may serve all.
/// a (...,m,k), b (...,n,k) -> (...,m,n).
Tensor matmul_nt(const Run& run, const Tensor& a, const Tensor& b, double scale = 1);

// --- arithmetic.cpp
/// y = a + b; b may lack leading axes of a (one position table for all sentences).
Tensor add(const Run& run, const Tensor& a, const Tensor& b);
/// y = a b, number by number; b may lack leading axes of a (one weight per channel for all places),
/// or have 1 for a's last axis (one weight for the whole row).
Tensor multiply(const Run& run, const Tensor& a, const Tensor& b);
/// y = c x
Tensor scale(const Run& run, const Tensor& x, double c);
/// y = max(x, 0). Gradient 0 where x <= 0.
Tensor relu(const Run& run, Tensor x);
/// y = x where x > 0, else slope x. Maas et al. 2013, "Rectifier nonlinearities improve neural
/// network acoustic models", section 2. Gradient `slope` where x <= 0.
Tensor leaky_relu(const Run& run, const Tensor& x, double slope = 0.2);

// --- squash.cpp
/// y = tanh(x), between -1 and 1.
Tensor tanh(const Run& run, const Tensor& x);
/// y = 1 / (1 + e^-x), between 0 and 1.
Tensor sigmoid(const Run& run, const Tensor& x);

// --- gelu.cpp
/// y = x (1 + erf(x / sqrt(2))) / 2: x times the probability that a normal number is below x.
/// Hendrycks and Gimpel 2016, "Gaussian error linear units", section 2.
Tensor gelu(const Run& run, Tensor x);

// --- swish.cpp
/// y = x / (1 + e^-x): x times its own sigmoid; also called SiLU. Ramachandran et al. 2017,
/// "Searching for activation functions", section 4.
Tensor swish(const Run& run, Tensor x);

// --- layout.cpp: numbers move, none changes
/// (...,n,H d) -> (...,H,n,d): head h takes columns h d .. h d + d - 1.
Tensor split_heads(const Run& run, const Tensor& x, std::size_t heads);
/// (...,H,n,d) -> (...,n,H d): the heads side by side again.
Tensor merge_heads(const Run& run, const Tensor& x);
/// The same numbers in memory order under another shape.
Tensor reshape(const Run& run, const Tensor& x, const Shape& shape);
/// x^T for each leading index. (...,m,n) -> (...,n,m).
Tensor transpose(const Run& run, const Tensor& x);
/// [a, b]: the columns of b after those of a. a (...,p), b (...,q) -> (...,p+q).
Tensor concat_columns(const Run& run, const Tensor& a, const Tensor& b);
/// [a; b]: the rows of b under those of a. a (...,p,d), b (...,q,d) -> (...,p+q,d).
Tensor concat_rows(const Run& run, const Tensor& a, const Tensor& b);
/// Rows begin .. end-1 of x (...,m,d).
Tensor slice_rows(const Run& run, const Tensor& x, std::size_t begin, std::size_t end);
/// Columns begin .. end-1 of x (...,d).
Tensor slice_columns(const Run& run, const Tensor& x, std::size_t begin, std::size_t end);

/// A picture cut into squares, row by row; in a square row, column, channel. pixels (...,h,w,c), h
/// and w multiples of `side` -> (...,h w / side^2, side^2 c).
/// Dosovitskiy et al. 2020, "An image is worth 16x16 words", section 3.1.
Tensor patches(const Run& run, const Tensor& pixels, std::size_t side);
/// Row i: `window` samples from i hop on, as many as there are whole ones. samples (s)
/// -> (1 + (s - window) / hop, window).
Tensor frames(const Run& run, const Tensor& samples, std::size_t window, std::size_t hop);

// --- spectrum.cpp
/// How loud each band of frequencies is in each frame, from -1 (silence) to about 1 (as loud as can
/// be): y[i,b] = 1 + log10(1e-8 + sum_f T[b,f] P[i,f]) / 4, P[i,f] = |sum_t hann[t] x[i,t] e^(-2 pi
/// i f t / N)|^2 / (sum of hann)^2. hann[t] = (1 - cos(2 pi t / window)) / 2; N the next power of
/// two from window on; T triangles over bands equally wide in mel = 2595 log10(1 + Hz / 700)
/// between 0 and rate / 2 (each rises from the middle of the band below and falls to that of the
/// band above). x (n,window), rate in Hz
/// -> (n,bands). A constant: no gradient. Davis and Mermelstein 1980, "Comparison of parametric
/// representations for monosyllabic word recognition", section II. Throws Error(usage) if a band
/// is so narrow that no frequency f lies in it.
Tensor spectrum(const Run& run, const Tensor& x, double rate, std::size_t bands);
/// The frequency (Hz) at the middle of each band.
std::vector<double> band_middles(double rate, std::size_t bands);

// --- rotary.cpp
/// Turns the pair (x[2i], x[2i+1]) of row p by the angle p / 10000^(2i/d). x (...,n,d), d even.
/// Su et al. 2021, "RoFormer", section 3.2.2.
Tensor rotary(const Run& run, const Tensor& x);

// --- scores.cpp
/// s[i,j] = sum_a v[a] tanh(q[i,a] + k[j,a]). q (...,n_q,a), k (...,n_k,a), v (a)
/// -> (...,n_q,n_k).
/// Bahdanau et al. 2015, "Neural machine translation by jointly learning to align", A.1.2.
Tensor additive_scores(const Run& run, const Tensor& q, const Tensor& k, const Tensor& v);
/// s[i,j] = a_1 . h[i] + a_2 . h[j], where a is [a_1; a_2]: every pair of nodes. h (...,n,d),
/// a (2d) -> (...,n,n). Velickovic et al. 2018, "Graph attention networks", equation 3.
Tensor edge_scores(const Run& run, const Tensor& h, const Tensor& a);
/// y[i] = x[i] / |x[i]|; a row of zeros stays zeros (gradient 0).
Tensor unit_rows(const Run& run, const Tensor& x);

// --- softmax.cpp
/// y = softmax(s + mask) along the last axis. mask (additive: 0 or -inf) may lack leading axes of
/// s. A row with nothing to look at (all -inf) gives zeros. s (...,n).
Tensor softmax(const Run& run, Tensor s, const Tensor& mask = {});
/// y = exp(s) / sum(exp(s)) as the formula stands: overflows. No gradient.
Tensor naive_softmax(const Run& run, const Tensor& s);

// --- sparsemax.cpp
/// The point of the probability simplex nearest to s: y = max(s - tau, 0). s (...,n).
/// Rows of -inf, NaN or +inf as in softmax.
/// Martins and Astudillo 2016, "From softmax to sparsemax", algorithm 1 and equation 14.
Tensor sparsemax(const Run& run, const Tensor& s);

// --- hard.cpp: a choice, not a mixture. No gradient.
/// 1 at the largest number of each row (the first, if several), 0 elsewhere. A row of -inf gives
/// zeros, a row with NaN gives NaN.
Tensor hardmax(const Run& run, const Tensor& s);
/// Draws one place per row with these probabilities: 1 there, 0 elsewhere. Needs run.rng.
Tensor sample_rows(const Run& run, const Tensor& probabilities);

// --- renormalize.cpp
/// y = keep w / sum(keep w) along the last axis; keep holds 0 and 1 and is a constant. A row of
/// which nothing is kept gives zeros. w (...,n), keep (n,n) may lack leading axes.
Tensor renormalize(const Run& run, const Tensor& w, const Tensor& keep);

// --- gaussian.cpp
/// y[i,j] = w[i,j] exp(-(j - center[i])^2 / (2 deviation^2)): what is far from the row's center
/// counts less. w (...,n,m), center (...,n,1). Luong et al. 2015, equation 10.
Tensor gaussian(const Run& run, const Tensor& w, const Tensor& center, double deviation);

// --- recurrent.h: an rnn, lstm or gru over one whole sequence, as one op

// --- convolution.cpp
/// y[t] = sum_j w[j] x[t + (j - own) dilation] + b: cross-correlation along time, zeros beyond the
/// ends. The tap `own` on the position itself is k/2, or k-1 if causal. x (...,T,c_in),
/// w (k,c_in,c_out), b (c_out) -> (...,T,c_out).
Tensor convolution(const Run& run, const Tensor& x, const Tensor& w, const Tensor& b,
                   std::size_t dilation = 1, bool causal = false);

// --- depthwise.cpp
/// y[t,c] = sum_j w[j,c] x[t + j - k/2, c] + b[c]: a convolution along time in which every channel
/// keeps to itself, zeros beyond the ends. x (...,T,c), w (k,c), b (c) -> (...,T,c).
/// Chollet 2017, "Xception", section 1.2.
Tensor depthwise_convolution(const Run& run, const Tensor& x, const Tensor& w, const Tensor& b);

// --- convolution_2d.cpp
/// y[i,j] = sum_(a,b) x[i s + a - kh/2, j s + b - kw/2] w[a,b] + bias, with stride s:
/// cross-correlation over a picture, zeros beyond its edges. x (...,h,w,c_in),
/// w (kh,kw,c_in,c_out), bias b (c_out) or none -> (...,h/s,w/s,c_out), rounded up.
Tensor convolution_2d(const Run& run, const Tensor& x, const Tensor& w, const Tensor& b = {},
                      std::size_t stride = 1);

// --- normalize.cpp
/// y = gain (x - mean) / sqrt(variance + eps) + bias along the last axis; variance over d, not d-1.
/// Ba, Kiros and Hinton 2016, "Layer normalization", section 3. x (...,d), gain and bias (d).
Tensor layer_norm(const Run& run, const Tensor& x, const Tensor& gain, const Tensor& bias,
                  double eps = 1e-5);

// --- statistics.cpp
/// The mean of each row. x (...,d) -> (...).
Tensor row_mean(const Run& run, const Tensor& x);
/// The largest number of each row; NaN if there is one. Its gradient goes to the first that is
/// largest. x (...,d) -> (...).
Tensor row_max(const Run& run, const Tensor& x);
/// The mean of (x - row mean)^2 over each row: over d, not d-1. x (...,d) -> (...).
Tensor row_variance(const Run& run, const Tensor& x);
/// y = gain (x - mean) / sqrt(variance + eps) + bias, with the mean and variance of each column
/// over all rows (training mode). Ioffe and Szegedy 2015, "Batch normalization", algorithm 1. x
/// (...,d), gain and bias (d).
Tensor batch_norm(const Run& run, const Tensor& x, const Tensor& gain, const Tensor& bias,
                  double eps = 1e-5);

// --- halting.cpp
/// How much each step counts for each position, from the halting probabilities p (n,S): p itself
/// until the sum of the row has reached `threshold`; there the remainder 1 - (sum before); 0
/// behind. The last step takes the remainder in any case, so every row sums to 1. Graves 2016,
/// "Adaptive computation time for recurrent neural networks", section 2.
Tensor halting_weights(const Run& run, const Tensor& p, double threshold);
/// 1 at the step where the row stops, 0 elsewhere: a choice, no gradient. p (n,S) -> (n,S).
Tensor halting_stop(const Run& run, const Tensor& p, double threshold);

// --- dropout.cpp
/// Each number 0 with probability `rate`, else divided by 1 - rate. Without run.rng (no training):
/// x itself. Srivastava et al. 2014.
Tensor dropout(const Run& run, const Tensor& x, double rate);

// --- loss.cpp
/// Mean over the counted rows of -sum_j t_j log softmax(logits)_j, with t = 1 - smoothing at the
/// target plus smoothing / V everywhere. Rows with a negative target are not counted; with none
/// counted the loss is 0. logits (...,V), targets (...) ids -> (1).
/// Szegedy et al. 2016, "Rethinking the Inception architecture", section 7 (label smoothing).
Tensor cross_entropy(const Run& run, const Tensor& logits, const Tensor& targets,
                     double smoothing = 0);
/// Mean of (x - target)^2 over the numbers whose target is not NaN -> (1).
Tensor squared_error(const Run& run, const Tensor& x, const Tensor& targets);

}  // namespace attn
