"""Softmax on spiked tokens, L = 2 or 3: trapezoid rules over the proximal point x, with omega = x + V_k grad Phi(x) explicit
and the Jacobian det(I + V_k Hess Phi) (docs/equations.md, section 6): no inner minimisation."""
from concurrent.futures import ThreadPoolExecutor

import numpy as np

REACH = 6.2
CUTOFF = -32  # log of the weight below which a node is left out


def plane(L):
    """An orthonormal basis of sum chi = 0: L x (L - 1)."""
    B = np.array([[1.0, -1.0]]) if L == 2 else np.array([[1, -1, 0], [1, 1, -2.0]])
    return (B / np.linalg.norm(B, axis=1, keepdims=True)).T


class Grid:
    """Points of the plane with sigma and its derivatives there, all that does not depend on the sample."""

    def __init__(self, x, B):
        chi = x @ B.T
        s = np.exp(chi - chi.max(axis=1, keepdims=True))
        s /= s.sum(axis=1, keepdims=True)
        self.x, self.s, self.power = x.T.copy(), s.T.copy(), (s**2).sum(axis=1)
        centred = [B[:, a] - (s @ B[:, a])[:, None] for a in range(B.shape[1])]
        J = [s * c for c in centred]
        self.J = [j.T.copy() for j in J]
        self.q = [(s * j).sum(axis=1) for j in J]
        self.T, self.K = {}, {}
        for a in range(B.shape[1]):
            for b in range(a + 1):
                T = J[b] * centred[a] - s * (J[b] @ B[:, a])[:, None]
                self.T[a, b] = T.T.copy()
                self.K[a, b] = (J[a] * J[b]).sum(axis=1) + (s * T).sum(axis=1)

    def take(self, keep):
        out = object.__new__(Grid)
        pick = lambda v: v[..., keep]
        out.x, out.s, out.power = pick(self.x), pick(self.s), pick(self.power)
        out.J, out.q = [pick(j) for j in self.J], [pick(q) for q in self.q]
        out.T, out.K = {k: pick(t) for k, t in self.T.items()}, {k: pick(t) for k, t in self.K.items()}
        return out


class SoftmaxChannel:
    def __init__(self, L, nu, Delta, outer_step, inner_step, threads=2, block=8):
        self.L, self.nu, self.Delta, self.block = L, nu, Delta, block
        self.outer_step, self.inner_step = outer_step, inner_step
        self.B = plane(L)
        self.pool = ThreadPoolExecutor(threads)

    def outer(self, o, step):
        """Nodes for d = y - w with E[(xi, zeta) | d] and weights, folded by d -> -d and the exchange of tokens 2 and 3."""
        L, (_, _, _, m_v, q_v, _) = self.L, o
        slope, root = m_v / np.sqrt(q_v), np.sqrt(q_v)
        A = np.zeros((L, L + 1))
        A[:, 0], A[:, 1] = np.sqrt(1 - slope**2 + self.Delta), slope
        A[:, 1:] -= root * np.eye(L)
        rows = A if L == 2 else np.array([A[1] - A[2], A[0], A[1] + A[2]])
        Q = np.linalg.qr(rows.T)[0]
        n, folds = int(np.ceil(REACH / step)), L - 1
        axes = [(np.arange(n) + 0.5) * step if a < folds else np.arange(-n, n + 1) * step for a in range(L)]
        u = np.stack([g.ravel() for g in np.meshgrid(*axes, indexing="ij")], axis=1)
        u = u[(u**2).sum(axis=1) < REACH**2]
        weight = 2**folds * (step / np.sqrt(2 * np.pi))**L * np.exp(-(u**2).sum(axis=1) / 2)
        v = u @ Q.T
        return v @ A.T, v, weight

    def scan(self, grid, o, d):
        """rho, grad Phi, omega - centre squared: samples x grid."""
        V_k, V_v = o[2], o[5]
        D = 1 + V_v * grid.power
        rho = (d @ grid.s) / D
        slopes = [d @ j for j in grid.J]
        gradient = [rho * (n - V_v * rho * q) for n, q in zip(slopes, grid.q)]
        return rho, slopes, gradient, [x + V_k * g for x, g in zip(grid.x, gradient)]

    def hessian(self, grid, o, d, rho, slopes):
        V_v = o[5]
        D = 1 + V_v * grid.power
        rise = [(n - 2 * V_v * rho * q) / D for n, q in zip(slopes, grid.q)]
        return {ab: D * rise[ab[0]] * rise[ab[1]] + rho * (d @ T) - V_v * rho**2 * grid.K[ab] for ab, T in grid.T.items()}

    def active(self, o, step, centre):
        """The grid's points that carry weight for some sample, found with a coarse outer rule."""
        d, _, weight = self.outer(o, 1.5)
        half = max(7 * np.sqrt(o[1]) + np.linalg.norm(centre), 2 + np.log1p(40 * o[2] * (1 + self.Delta + o[4])))
        axis = np.arange(-np.ceil(half / step), np.ceil(half / step) + 1) * step
        x = np.stack([g.ravel() for g in np.meshgrid(*[axis] * (self.L - 1))], axis=1)
        grid = Grid(x, self.B)

        def best(rows):
            omega = self.scan(grid, o, d[rows])[3]
            exponent = -sum((w - c)**2 for w, c in zip(omega, centre)) / (2 * o[1]) + np.log(weight[rows])[:, None]
            return exponent.max(axis=0)

        parts = self.pool.map(best, np.array_split(np.arange(len(d)), max(1, len(d) // 4)))
        return grid.take(np.maximum.reduce(list(parts)) > CUTOFF - 6)

    def __call__(self, o):
        m_k, q_k, V_k, m_v, q_v, V_v = o
        dims = self.L - 1
        t = np.sqrt(self.nu) * self.B[0]
        centre = m_k * t
        step = self.inner_step * min(1, np.sqrt(q_k) / (1 + V_k / 2))
        grid = self.active(o, step, centre)
        d, v, weight = self.outer(o, self.outer_step)
        slope, root = m_v / np.sqrt(q_v), np.sqrt(q_v)
        t_v = v[:, 0] / np.sqrt(1 - slope**2 + self.Delta)
        score = v[:, 1:] / root
        score[:, 0] -= slope / root * t_v
        cell = (step / np.sqrt(2 * np.pi * q_k))**dims

        def part(rows):
            rho, slopes, gradient, omega = self.scan(grid, o, d[rows])
            exponent = -sum((w - c)**2 for w, c in zip(omega, centre)) / (2 * q_k)
            keep = (exponent + np.log(weight[rows])[:, None] > CUTOFF).any(axis=0)
            near, rho = grid.take(keep), rho[:, keep]
            slopes, gradient, omega = ([a[:, keep] for a in b] for b in (slopes, gradient, omega))
            H = self.hessian(near, o, d[rows], rho, slopes)
            if dims == 1:
                det = 1 + V_k * H[0, 0]
                definite = det > 0
            else:
                det = (1 + V_k * H[0, 0]) * (1 + V_k * H[1, 1]) - (V_k * H[1, 0])**2
                definite = (det > 0) & (1 + V_k * H[0, 0] > 0)
            density = np.exp(exponent[:, keep]) * (cell * weight[rows])[:, None]
            for i in np.flatnonzero((~definite & (density > 1e-9)).any(axis=1)):  # folds: keep global minima only
                density[i] *= self.global_points(near, o, d[rows[i]], rho[i], [w[i] for w in omega], definite[i] & (density[i] > 0))
            mass = density * det
            gt = sum(g * c for g, c in zip(gradient, t))
            g_omega = sum(g * w for g, w in zip(gradient, omega))
            mr = mass * rho
            mr2 = mr * rho
            return np.array([-(mass * gt).sum(), (mass * sum(g * g for g in gradient)).sum(),
                             (mass * (g_omega - m_k * gt)).sum() / q_k, (mr @ near.s[0]) @ t_v[rows], (mr2 @ near.power).sum(),
                             -((mr @ near.s.T) * score[rows]).sum(), mr2.sum()])

        parts = self.pool.map(part, np.array_split(np.arange(len(d)), max(1, len(d) // self.block)))
        return np.array([*sum(parts), *self.fresh(m_k, q_k)])

    def global_points(self, grid, o, d, rho, omega, candidate):
        """1 where no other candidate x' has a lower Phi(x') + |x' - omega|^2/(2 V_k)."""
        V_k, V_v = o[2], o[5]
        at = np.flatnonzero(candidate)
        x, w = grid.x[:, at], np.array(omega)[:, at]
        psi = (1 + V_v * grid.power[at]) * rho[at]**2 / 2 + (x**2).sum(axis=0) / (2 * V_k)
        own = psi - (x * w).sum(axis=0) / V_k
        out = np.zeros(len(candidate))
        out[at[own <= (psi[:, None] - x.T @ w / V_k).min(axis=0) + 1e-12]] = 1
        return out

    def fresh(self, m_k, q_k):
        """E sigma_eps and E|sigma|^2 at chi = omega."""
        step = 0.2 if self.L == 3 else 0.0625
        axis = np.arange(-8, 8 + step / 2, step)
        eta = np.stack([g.ravel() for g in np.meshgrid(*[axis] * (self.L - 1))], axis=1)
        weight = np.exp(-(eta**2).sum(axis=1) / 2) * (step / np.sqrt(2 * np.pi))**(self.L - 1)
        grid = Grid(np.sqrt(q_k) * eta + m_k * np.sqrt(self.nu) * self.B[0], self.B)
        return weight @ grid.s[0], weight @ grid.power
