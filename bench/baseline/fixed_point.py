"""Anderson acceleration, and the equations (5.1) to (5.4) of docs/equations.md around any channel."""
import numpy as np


def fixed_point(F, x, tolerance, feasible=lambda x: True, memory=5, damped_steps=8, damping=0.6, most=300):
    """Solves x = F(x); returns x and the number of evaluations."""
    xs, rs = [], []
    for iteration in range(1, most):
        r = F(x) - x
        if not np.all(np.isfinite(r)):
            raise FloatingPointError("the map is not finite")
        if np.max(np.abs(r) / (1 + np.abs(x))) < tolerance:
            return x + r, iteration
        xs, rs = (xs + [x])[-memory - 1:], (rs + [r])[-memory - 1:]
        step = damping * r
        if iteration > damped_steps and len(xs) > 1:
            dr, dx = np.diff(rs, axis=0).T, np.diff(xs, axis=0).T
            gamma = np.linalg.lstsq(dr, r, rcond=1e-12)[0]
            step = r - (dx + dr) @ gamma
            if not feasible(x + step):
                step, xs, rs = damping * r, [], []
        x = x + step
    raise RuntimeError("no convergence")


def erm(channel, Delta, alpha, ridge, tolerance):
    """channel(o): the means (mhat_k, qhat_k, Vhat_k, mhat_v, qhat_v, Vhat_v, E rho^2, E sigma_eps, E|sigma|^2) at
    o = (m_k, q_k, V_k, m_v, q_v, V_v). Returns (test error, train error, o) and the number of evaluations."""
    def conjugate(mhat, qhat, Vhat):
        V = 1 / (ridge + alpha * Vhat)
        return V * alpha * mhat, V**2 * ((alpha * mhat)**2 + alpha * qhat), V

    def update(o):
        c = channel(o)
        return np.array([*conjugate(*c[:3]), *conjugate(*c[3:6])])

    def feasible(o):
        m_k, q_k, V_k, m_v, q_v, V_v = o
        return min(V_k, V_v) > 0 and q_k >= m_k**2 and q_v >= m_v**2

    start = np.array([0.9, 1, min(1, 1 / ridge), 0.9, 1, min(1, 1 / ridge)])
    o, evaluations = fixed_point(update, start, tolerance, feasible)
    c = channel(o)
    m_v, q_v = o[3:5]
    return np.array([1 + Delta - 2 * m_v * c[7] + q_v * c[8], c[6], *o]), evaluations
