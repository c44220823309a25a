"""Contracts and suppliers side by side for one period: comparable figures, each told apart by what it rests on."""
