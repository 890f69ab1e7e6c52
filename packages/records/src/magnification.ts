/** How much a perturbation is magnified in a picture: ε fills half the range of gray. */
export const magnification = (epsilon: number): number => 0.5 / epsilon;
