"""Bayes-optimal learning of spiked tokens at any L: one dimension by the Gumbel race (docs/equations.md, section 4)."""
import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.special import ndtr

from fixed_point import fixed_point


def race_law(x, s):
    """1 - K and K' at x for the distribution function K of s Z + Gumbel, s > 0."""
    if s < 1:
        z = np.arange(-12.5, 12.6, 0.25)
        w = 0.25 * np.exp(-z**2 / 2) / np.sqrt(2 * np.pi)
        E = np.exp(np.minimum(700, s * z - x[:, None]))
        return -np.expm1(-E) @ w, (E * np.exp(-E)) @ w
    g = np.arange(-4.75, 50, 0.25)
    w = 0.25 * np.exp(-g - np.exp(-g))
    u = (x[:, None] - g) / s
    return ndtr(-u) @ w, np.exp(-u**2 / 2) @ w / (s * np.sqrt(2 * np.pi))


def powers(R, L):
    return np.exp((L - 1) * np.log1p(-np.minimum(R, 1 - 1e-16)))


def step_of(s, L):
    """Of a trapezoid rule over the race's level: powers of L - 1 factors narrow its law."""
    narrow = s**2 / min(L, max(1, 10.5 * np.log(L)))
    return 2 * np.pi / (np.pi / 2 + np.sqrt(60 / max(narrow, 1e-9))) if narrow < 24 else np.pi * np.sqrt(narrow / 30) * np.sqrt(2)


def race(L, nu, Delta, q_k, q_v, resolution):
    """E p_eps and E p_eps t^2, t = (y - w_eps)/sqrt(s). The likelihood's t takes the same values for every y: one matrix of
    the law at (level + t^2/2), and a product with the weights of (t, y)."""
    s, spread, shift = 1 - q_v + Delta, np.sqrt(nu * q_k), nu * q_k
    h = step_of(spread, L) / resolution
    low = shift - 7.8 * spread - 3.5 - 28
    high = max(shift, 0) + max(spread * np.sqrt(60), 30 + np.log(L) + shift / 2)
    x = np.arange(low, high, h)
    h_t = min(0.25, 0.5 * np.sqrt(q_v / s)) / resolution
    t = (np.arange(int(8.5 / h_t)) + 0.5) * h_t
    table = np.arange(low - shift - 1, high + t[-1]**2 / 2 + 1, min(h, 0.1))
    above, density = race_law(table, spread)
    above, density = (make_interp_spline(table, f, k=7) for f in (above, density))
    at = x[:, None] + t**2 / 2
    h_y = min(0.5 * np.sqrt(1 + Delta), 0.9 * np.sqrt(q_v), 0.9 * np.hypot(np.sqrt(q_v), 0.5 * np.sqrt(s))) / resolution
    y = np.arange(0, 7.75 * np.sqrt(1 + Delta) + h_y, h_y)
    weight_y = np.where(y > 0, 2, 1) * h_y
    law_w = lambda w: np.exp(-w**2 / (2 * q_v)) / np.sqrt(2 * np.pi * q_v) * np.sqrt(s) * h_t
    W = sum(law_w(y[:, None] - k * np.sqrt(s) * t) for k in (1, -1)).T  # t x y, both signs of t
    R = above(at) @ W
    joint = W * np.exp(-t**2 / 2)[:, None] / np.sqrt(2 * np.pi * s)
    D = density(at - shift)
    F = powers(R, L) * weight_y * h
    return (F * (D @ joint)).sum(), (F * (D @ (t[:, None]**2 * joint))).sum()


def attention(L, c, resolution):
    """E|p|^2 at p = softmax(c chi*), by E|p|^2 = E p_eps."""
    h = step_of(c, L) / resolution
    x = np.arange(-7.8 * c - 4.5, c**2 + max(c * np.sqrt(72), 36 + c**2 / 2), h)
    f, R = race_law(x - c**2, c)[1], race_law(x, c)[0]
    return 1 + h * (f * np.expm1((L - 1) * np.log1p(-np.minimum(R, 1 - 1e-16)))).sum()


def bayes(L, nu, Delta, alpha, tolerance, resolution):
    def update(q):
        hit, hit_t2 = race(L, nu, Delta, *q, resolution)
        qhat = alpha * np.array([nu * hit, hit_t2 / (1 - q[1] + Delta)])
        return qhat / (1 + qhat)

    start = np.array([1 - 1e-3, 1 - 1e-3])
    q, evaluations = fixed_point(update, start, tolerance, lambda q: np.all((q > 0) & (q < 1)), memory=2, damped_steps=4, damping=1)
    return np.array([*q, 1 + Delta - q[1] * attention(L, np.sqrt(nu * q[0]), resolution)]), evaluations
