"""Linear attention 1 + chi on spiked tokens at any L: the proximal point is explicit in the residual rho and y's law is put
into Fourier space, which leaves two dimensions (docs/equations.md, 6.1). All nodes at once, residuals x contour."""
import numpy as np


def quadratic(f, g):
    """(f.x)(g.x) as coefficients of x^2, 2 x y, y^2, x, y."""
    return f[0] * g[0], (f[0] * g[1] + f[1] * g[0]) / 2, f[1] * g[1], 0, 0


def plus(f, g, times=1):
    return tuple(a + times * b for a, b in zip(f, g))


class Token:
    """x = (1 + omega, w) ~ N((centre, 0), diag(q)) under exp(t form(x)), t real or complex."""

    def __init__(self, form, centre, q_k, q_v):
        self.form, self.centre, self.q_k, self.q_v = form, centre, q_k, q_v

    def tilt(self, t):
        a, b, c, u, v = self.form
        P11, P12, P22 = 1 / self.q_k - 2 * t * a, -2 * t * b, 1 / self.q_v - 2 * t * c
        det = P11 * P22 - P12 * P12
        self.C = C11, C12, C22 = P22 / det, -P12 / det, P11 / det
        h1, h2 = self.centre / self.q_k + t * u, t * v
        self.x, self.y = C11 * h1 + C12 * h2, C12 * h1 + C22 * h2
        self.log_Z = (h1 * self.x + h2 * self.y - self.centre**2 / self.q_k - np.log(det * self.q_k * self.q_v)) / 2
        return self

    def ends(self):
        """The real t for which the weight has a mean."""
        a, b, c = self.form[0] * self.q_k, self.form[1] * np.sqrt(self.q_k * self.q_v), self.form[2] * self.q_v
        middle, radius = (a + c) / 2, np.hypot((a - c) / 2, b)
        with np.errstate(divide="ignore"):
            return (np.where(middle < radius, 0.5 / (middle - radius), -np.inf), np.where(middle > -radius, 0.5 / (middle + radius), np.inf))

    def mean(self, f):
        (a, b, c, u, v), (C11, C12, C22), x, y = f, self.C, self.x, self.y
        return a * (C11 + x * x) + 2 * b * (C12 + x * y) + c * (C22 + y * y) + u * x + v * y

    def covariance(self, f, g):
        (a, b, c, u, v), (C11, C12, C22), x, y = f, self.C, self.x, self.y
        k, l, m, r, s = g
        trace = ((a * C11 + b * C12) * (k * C11 + l * C12) + (a * C12 + b * C22) * (l * C11 + m * C12) +
                 (b * C11 + c * C12) * (k * C12 + l * C22) + (b * C12 + c * C22) * (l * C12 + m * C22))
        f1, f2 = 2 * (a * x + b * y) + u, 2 * (b * x + c * y) + v
        g1, g2 = 2 * (k * x + l * y) + r, 2 * (l * x + m * y) + s
        return 2 * trace + f1 * (C11 * g1 + C12 * g2) + f2 * (C12 * g1 + C22 * g2)


class LinearChannel:
    def __init__(self, L, nu, Delta, scale):
        self.L, self.nu, self.Delta, self.scale = L, nu, Delta, scale

    def __call__(self, o):
        m_k, q_k, V_k, m_v, q_v, V_v = o
        others, root_nu, mu = self.L - 1, np.sqrt(self.nu), m_v / q_v
        shift, spread = m_k * root_nu, 1 - m_v**2 / q_v + self.Delta

        def tokens(u):
            rho, sech2 = np.tanh(u) / np.sqrt(V_k * V_v), 1 / np.cosh(u)**2
            s = 1 / sech2, V_k * rho / sech2
            Q = plus(quadratic(s, (0, 1)), quadratic(s, s), V_v * rho)
            return rho, sech2, s, Token(Q, 1, q_k, q_v), Token(plus(Q, (0, 0, 0, 0, -mu)), 1 + shift, q_k, q_v)

        def saddle(u):
            """The least of the convex exponent on the real axis: Newton, kept inside by halving."""
            rho, sech2, _, other, eps = tokens(u)
            widest = 10 * np.sqrt((self.L + 1) / spread)
            low, high = (np.clip(end, -widest, widest) * 0.999999 for end in eps.ends())
            t = np.zeros_like(u)
            for _ in range(40):
                eps.tilt(t), other.tilt(t)
                slope = eps.mean(eps.form) + others * other.mean(other.form) + rho + t * spread
                curvature = eps.covariance(eps.form, eps.form) + others * other.covariance(other.form, other.form) + spread
                low, high = np.where(slope < 0, t, low), np.where(slope > 0, t, high)
                new = t - slope / curvature
                new = np.where((new > low) & (new < high), new, (low + high) / 2)
                if np.max(np.abs(new - t) * np.sqrt(curvature)) < 1e-3:
                    break
                t = new
            return t, curvature, eps.log_Z + others * other.log_Z + t * rho + t * t * spread / 2, sech2

        candidates = 7 * 0.8**np.arange(60.0)
        _, _, e, sech2 = saddle(candidates)
        peaks = e + np.log(sech2)
        end = candidates[np.flatnonzero(peaks > peaks.max() - 40)[0]] / 0.8
        count = int(np.ceil(60 / self.scale))
        u = (np.arange(count) + 0.5) * end / count
        column = lambda *arrays: [a[:, None] for a in arrays]
        t0, curvature, e0, _ = column(*saddle(u))
        rho, sech2, s, other, eps = tokens(u[:, None])
        theta_0 = 0.5 / np.sqrt(curvature)
        step = 0.15 * self.scale
        v = (np.arange(int(14 / step)) + 0.5) * step
        t = t0 + 1j * theta_0 * np.sinh(v)
        eps.tilt(t), other.tilt(t)
        log_weight = eps.log_Z + others * other.log_Z + t * rho + t * t * spread / 2
        weight = np.where((log_weight - e0).real + v > -40, np.exp(log_weight - e0.max()), 0) * theta_0 * np.cosh(v) * sech2

        w_ = (0, 1)
        slope = 2 * V_k * V_v * rho * s[0] / sech2, V_k * (1 + 2 * V_v * rho * s[1]) / sech2
        Y1 = plus(quadratic((2 * V_v * rho * s[0], 1 + 2 * V_v * rho * s[1]), slope), quadratic(s, s), V_v)
        g = V_v * rho**2 * s[0], rho + V_v * rho**2 * s[1]
        line = lambda f: (0, 0, 0, *f)
        centred = quadratic(g, (1, 0))
        rise = 1 + eps.mean(Y1) + others * other.mean(Y1)
        of_eps = lambda f: rise * eps.mean(f) + eps.covariance(f, Y1)
        of_others = lambda f: rise * other.mean(f) + other.covariance(f, Y1)
        of_all = lambda f: of_eps(f) + others * of_others(f)
        hit_v = -of_eps(line(s)) * t * rho
        sums = [of_eps(line(g)) * root_nu, of_all(quadratic(g, g)),
                -(of_eps(plus(centred, line(g), -(1 + shift))) + others * of_others(plus(centred, line(g), -1))) / q_k,
                hit_v, of_all(quadratic(s, s)) * rho**2, -(rho * of_all(quadratic(s, w_)) / q_v - mu * hit_v), rise * rho**2]
        mass = (weight * rise).real.sum()
        return np.array([*[(weight * f).real.sum() / mass for f in sums], 1 + shift, self.L * (1 + q_k) + 2 * shift + shift**2])
